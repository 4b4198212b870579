"""Few may wait for TMDb at once; the other threads answer what is stored."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest
from django.db import connections
from django.utils import timezone
from prometheus_client import REGISTRY
from pytest_django import Settings

from nexus.catalog.upstream import PLACES, a_place, in_background
from nexus.tmdb import TmdbBusy
from tests.builders import make_genres, make_movie, make_user
from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer

LIMIT_S = 30.0


@pytest.fixture(autouse=True)
def two_places(settings: Settings) -> Iterator[None]:
    settings.TMDB_PLACES = 2
    yield
    assert PLACES.taken == 0


def refused() -> float:
    labels = {"reason": "places"}
    return REGISTRY.get_sample_value("nexus_tmdb_refusals_total", labels) or 0.0


def test_it_works() -> None:
    with a_place(), a_place():
        assert PLACES.taken == 2


def test_one_more_is_refused_at_once() -> None:
    before = refused()

    with a_place(), a_place(), pytest.raises(TmdbBusy) as busy, a_place():
        pass

    assert busy.value.retry_after_s == 2
    assert refused() == before + 1


def test_jobs_take_none() -> None:
    with in_background(), a_place(), a_place(), a_place():
        assert PLACES.taken == 0


def test_after_its_job_a_thread_takes_one_again() -> None:
    with in_background():
        pass

    with a_place():
        assert PLACES.taken == 1


def test_it_is_given_back_after_an_error() -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), a_place():
            raise ZeroDivisionError

    assert PLACES.taken == 0


def test_a_refusal_gives_nothing_back() -> None:
    with a_place(), a_place():
        for _ in range(5):
            with pytest.raises(TmdbBusy), a_place():
                pass

        assert PLACES.taken == 2


# What people notice


@pytest.fixture
def two_who_wait(tmdb: TmdbServer, transactional_db: None) -> Iterator[Api]:
    """A member's API while two others wait for a TMDb that hangs."""
    make_genres()
    api = Api(make_user())
    tmdb.fail("hang")
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask_for_film, number) for number in (603, 604)]
        wait_until(lambda: len(tmdb.asked) == 2)
        yield api
        tmdb.recover()
        assert all(status_of(one) in {200, 503} for one in waiting)


def ask_for_film(movie_id: int) -> Answer:
    try:
        return Api().get(f"/api/movies/{movie_id}/")
    finally:
        connections.close_all()


def status_of(answer: Future[Answer]) -> int:
    return answer.result(timeout=LIMIT_S).status


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.005)


def test_what_is_stored_is_answered(two_who_wait: Api, tmdb: TmdbServer) -> None:
    make_movie(550, title="Stored", fetched_at=timezone.now())

    answers = [two_who_wait.get("/api/movies/550/") for _ in range(10)]

    assert {answer.status for answer in answers} == {200}
    assert len(tmdb.asked) == 2


def test_what_is_not_stored_is_refused(two_who_wait: Api, tmdb: TmdbServer) -> None:
    film = two_who_wait.get("/api/movies/550/")
    search = two_who_wait.get("/api/tmdb/search/", query="matrix")
    bring = two_who_wait.post("/api/tmdb/import/", {"tmdb_id": 550})

    for answer in (film, search, bring):
        assert (answer.status, answer.code) == (503, "tmdb_unavailable")
        assert answer.headers["Retry-After"] == "2"
    assert len(tmdb.asked) == 2


def test_lists_fall_back_to_what_we_hold(two_who_wait: Api, tmdb: TmdbServer) -> None:
    make_movie(550, fetched_at=timezone.now())
    make_movie(551, fetched_at=timezone.now())

    trending = two_who_wait.get("/api/movies/trending/")
    related = two_who_wait.get("/api/movies/550/recommendations/")

    for answer in (trending, related):
        assert answer.json["meta"]["source"] == "local"
        assert answer.json["meta"]["degraded"] is True
        assert 551 in [movie["id"] for movie in answer.json["results"]]
    assert len(tmdb.asked) == 2
