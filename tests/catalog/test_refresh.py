from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from time import monotonic

import pytest
from django.conf import settings
from procrastinate.contrib.django.models import ProcrastinateJob
from redis import Redis

from nexus.catalog import listings, lists, operations, upstream
from nexus.catalog.models import Movie
from nexus.lib.errors import UnavailableError
from nexus.lib.valkey_url import redis_url
from nexus.tmdb import Tmdb, TmdbUnavailable
from tests.builders import NOW, make_movie
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

OBSCURE = 910_003


@pytest.fixture
def obscure(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows one film more."""
    tmdb.add_movie(OBSCURE, "Obscure")
    yield tmdb
    tmdb.movies.pop(OBSCURE, None)


def queued() -> list[int]:
    """Return the films that wait for being refreshed."""
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_movie")
    return [job.args["movie_id"] for job in jobs.order_by("id")]


def test_it_works(tmdb: TmdbServer) -> None:
    make_movie(603, title="Old")

    movie = operations.refresh_movie(movie_id=603, now=NOW)

    assert movie.title == "The Matrix"
    assert movie.fetched_at == NOW


def test_a_film_unknown_to_tmdb_becomes_a_tombstone(tmdb: TmdbServer) -> None:
    make_movie(999_999, title="Merged", fetched_at=None)

    operations.refresh_movie(movie_id=999_999, now=NOW)

    movie = Movie.objects.get()
    assert (movie.title, movie.removed_at) == ("Merged", NOW)


def test_an_outage_removes_nothing(tmdb: TmdbServer) -> None:
    make_movie(603, title="Old")
    tmdb.fail("html", status=404)

    with pytest.raises(Exception, match="TMDb"):
        operations.refresh_movie(movie_id=603, now=NOW)

    assert Movie.objects.get().removed_at is None


# Lists


def test_a_list_is_brought_up_to_date(obscure: TmdbServer) -> None:
    earlier = NOW - timedelta(hours=2)
    lists.search_tmdb(query="obscure", year=None, page=1, page_size=20, now=earlier)
    obscure.change_movie(OBSCURE, title="Obscured")

    wanted = {"query": "obscure", "year": None, "page": 1}
    listings.refresh_page("search", wanted, now=NOW)

    found = lists.search_tmdb(query="obscure", year=None, page=1, page_size=20, now=NOW)
    assert [movie.title for movie in found.value.movies] == ["Obscured"]
    assert found.origin.source == "cache"


def test_the_list_of_a_film_that_is_gone_is_forgotten(obscure: TmdbServer) -> None:
    listings.related(movie_id=OBSCURE, page=1, page_size=20, now=NOW)
    obscure.remove_movie(OBSCURE)

    listings.refresh_page("related", {"tmdb_id": OBSCURE, "page": 1}, now=NOW)

    with pytest.raises(Exception, match="no movie"):
        listings.related(movie_id=OBSCURE, page=1, page_size=20, now=NOW)


def test_a_list_stays_as_it_is_while_tmdb_is_down(tmdb: TmdbServer) -> None:
    listings.trending(window="day", page=1, page_size=20, now=NOW)
    tmdb.fail("401")
    later = NOW + timedelta(days=6)

    with pytest.raises(UnavailableError):
        listings.refresh_page("trending", {"window": "day", "page": 1}, now=later)

    found = listings.trending(window="day", page=1, page_size=20, now=later)
    assert found.origin.source == "stale"
    assert found.value.count == 32


# By age, and by what changed at TMDb


def test_old_copies_are_refreshed_oldest_first(tmdb: TmdbServer) -> None:
    make_movie(1, fetched_at=NOW - timedelta(days=151))
    make_movie(2, fetched_at=NOW - timedelta(days=170))
    make_movie(3, fetched_at=NOW - timedelta(days=149))
    make_movie(4, fetched_at=None)
    make_movie(5, fetched_at=NOW - timedelta(days=170), removed_at=NOW)

    operations.refresh_old_movies(now=NOW)

    assert queued() == [2, 1]


def test_changed_films_that_we_hold_are_refreshed(tmdb: TmdbServer) -> None:
    yesterday = NOW - timedelta(days=1)
    make_movie(603, fetched_at=yesterday)
    make_movie(604, fetched_at=yesterday)
    make_movie(605, fetched_at=None)
    make_movie(606, fetched_at=NOW)
    tmdb.changed_ids = [*range(1000, 1030), 603, 605, 606]

    operations.refresh_changed_movies(now=NOW)

    assert queued() == [603]
    first = tmdb.asked[0].params
    assert (first["start_date"], first["end_date"]) == ("2026-11-19", "2026-11-21")


@pytest.mark.parametrize(
    "refresh", [operations.refresh_old_movies, operations.refresh_changed_movies]
)
def test_without_a_key_nothing_is_refreshed(refresh: Callable[..., None]) -> None:
    make_movie(1, fetched_at=NOW - timedelta(days=170))

    refresh(now=NOW)

    assert queued() == []


# The way to TMDb


def test_tmdb_is_not_asked_too_often(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "CALLS_PER_S", 3)

    started = monotonic()
    for _ in range(7):
        upstream.ask_tmdb(Tmdb.genres)

    assert monotonic() - started > 1


def test_nobody_waits_for_ever(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "CALLS_PER_S", 0)
    monkeypatch.setattr(upstream, "LONGEST_WAIT_S", 0)

    with pytest.raises(TmdbUnavailable) as refused:
        upstream.ask_tmdb(Tmdb.genres)

    assert refused.value.retry_after_s == 1
    assert not upstream.is_failing()


def test_the_budget_is_there_again_a_second_later(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a counter lost its end, as Django's `incr` may let it."""
    monkeypatch.setattr(upstream, "CALLS_PER_S", 1)
    for _ in range(2):
        upstream.calls_this_second()
    with closing(Redis.from_url(redis_url(settings.VALKEY_URL))) as client:
        assert [client.persist(key) for key in client.scan_iter("*tmdb-calls*")]

    assert upstream.ask_tmdb(Tmdb.genres)
