from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog.models import CreditKind, Movie
from tests.builders import add_credit, make_movie, make_person
from tests.client import Api
from tests.query_count import count_queries
from tests.tmdb_server import Kind, TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

OLD = timedelta(days=8)
OBSCURE = 910_001


@pytest.fixture
def obscure(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows one film more."""
    tmdb.add_movie(OBSCURE, "Obscure")
    yield tmdb
    tmdb.movies.pop(OBSCURE, None)


def waiting_jobs() -> list[str]:
    return list(ProcrastinateJob.objects.values_list("task_name", flat=True))


def test_it_works(api: Api) -> None:
    movie = make_movie(
        603,
        title="The Matrix",
        genres=[28],
        overview="A programmer wakes up.",
        trailer_key="abc",
        backdrop_path="/b.jpg",
        imdb_id="tt0133093",
        fetched_at=timezone.now(),
    )
    lana, keanu = make_person("Lana Wachowski"), make_person("Keanu Reeves")
    add_credit(movie, lana, CreditKind.DIRECTOR)
    credit = add_credit(movie, keanu)
    credit.character = "Neo"
    credit.save()
    movie.keywords.create(id=7, name="hacker")

    answer = api.get("/api/movies/603/")

    assert answer.status == 200
    assert answer.json["genres"] == [{"id": 28, "name": "Action"}]
    assert answer.json["overview"] == "A programmer wakes up."
    assert answer.json["tagline"] is None
    assert answer.json["imdb_id"] == "tt0133093"
    assert answer.json["directors"] == [{"id": lana.pk, "name": "Lana Wachowski"}]
    assert answer.json["cast"] == [
        {"id": keanu.pk, "name": "Keanu Reeves", "character": "Neo", "order": 0}
    ]
    assert answer.json["keywords"] == [{"id": 7, "name": "hacker"}]
    assert answer.json["trailer_url"] == "https://www.youtube.com/watch?v=abc"
    assert answer.json["backdrop_url"].endswith("/b.jpg")
    assert answer.json["attribution"] == (
        "This product uses the TMDB API but is not endorsed or certified by TMDB."
    )
    assert answer.json["meta"]["source"] == "cache"


def test_it_answers_304_to_whoever_has_it(api: Api) -> None:
    make_movie(603)
    first = api.get("/api/movies/603/")

    again = api.get("/movies/603", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"].startswith("public, max-age=")
    assert again.status == 304


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(api: Api, rows: int) -> None:
    movie = make_movie(603)

    def ask() -> None:
        assert len(api.get("/api/movies/603/").json["cast"]) == movie.credits.count()

    add_credit(movie, make_person("First"))
    for_one = count_queries(ask)
    for number in range(rows - 1):
        add_credit(movie, make_person(f"Person {number}"))

    assert count_queries(ask) == for_one


def test_it_fetches_and_stores_a_film_that_only_tmdb_knows(
    api: Api, tmdb: TmdbServer
) -> None:
    first = api.get("/api/movies/603/")
    second = api.get("/api/movies/603/")

    assert first.status == 200
    assert first.json["title"] == "The Matrix"
    assert first.json["release_date"] == "1999-03-31"
    assert first.json["runtime"] == 136
    assert [one["name"] for one in first.json["genres"]] == [
        "Action",
        "Science Fiction",
    ]
    assert [one["name"] for one in first.json["directors"]] == ["Lana Wachowski"]
    assert [one["character"] for one in first.json["cast"]] == ["Neo", "Trinity"]
    assert len(first.json["keywords"]) == 3
    assert first.json["trailer_url"].endswith("trailer-603")
    assert first.json["meta"] == {
        "source": "live",
        "fetched_at": second.json["meta"]["fetched_at"],
        "degraded": False,
    }
    assert second.json["meta"]["source"] == "cache"
    assert tmdb.calls["/movie/603"] == 1


def test_a_fetched_film_appears_in_the_list(api: Api, tmdb: TmdbServer) -> None:
    api.get("/api/movies/603/")

    answer = api.get("/api/movies/", search="matrix", genres="Action")

    assert [movie["id"] for movie in answer.json["results"]] == [603]


@pytest.mark.parametrize("movie_id", [0, 2**31, "9" * 30, "-1", "1.5", "abc"])
def test_it_knows_no_such_id(api: Api, tmdb: TmdbServer, movie_id: object) -> None:
    answer = api.get(f"/api/movies/{movie_id}/")

    assert answer.status == 404
    assert not tmdb.asked


def test_it_does_not_ask_again_at_once_for_an_unknown_film(
    api: Api, tmdb: TmdbServer
) -> None:
    answers = [api.get("/api/movies/999999/") for _ in range(3)]

    assert {(one.status, one.code) for one in answers} == {(404, "movie_not_found")}
    assert tmdb.calls["/movie/999999"] == 1


def test_it_is_absent_without_a_key(api: Api) -> None:
    answer = api.get("/api/movies/603/")

    assert (answer.status, answer.code) == (404, "movie_not_found")


@pytest.mark.parametrize("kind", ["503", "reset"])
def test_it_is_unavailable_while_tmdb_is_down(
    api: Api, tmdb: TmdbServer, kind: Kind
) -> None:
    tmdb.fail(kind)

    answer = api.get("/api/movies/603/")

    assert (answer.status, answer.code) == (503, "tmdb_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert not Movie.objects.exists()


def test_it_passes_on_when_tmdb_wants_to_be_asked_again(
    api: Api, tmdb: TmdbServer
) -> None:
    tmdb.fail("429", retry_after="77")

    assert api.get("/api/movies/603/").headers["Retry-After"] == "77"


@pytest.mark.parametrize("kind", ["html", "empty", "wrong_types"])
def test_nonsense_is_a_bad_gateway(api: Api, tmdb: TmdbServer, kind: Kind) -> None:
    tmdb.fail(kind)

    answer = api.get("/api/movies/603/")

    assert (answer.status, answer.code) == (502, "tmdb_bad_answer")
    assert not Movie.objects.exists()


def test_an_error_is_not_remembered(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("401")
    failed = api.get("/api/movies/603/")
    tmdb.recover()

    answer = api.get("/api/movies/603/")

    assert (failed.status, failed.code) == (503, "tmdb_key_rejected")
    assert answer.status == 200


def test_it_stops_asking_a_tmdb_that_keeps_failing(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("401")

    answers = [api.get(f"/api/movies/{number}/") for number in range(1, 21)]

    assert {answer.status for answer in answers} == {503}
    assert all("Retry-After" in answer.headers for answer in answers)
    assert 5 <= len(tmdb.asked) <= 7


def test_it_answers_a_stale_film_and_has_it_refreshed_once(
    api: Api, tmdb: TmdbServer
) -> None:
    make_movie(603, title="Old", fetched_at=timezone.now() - OLD)

    answers = [api.get("/api/movies/603/") for _ in range(3)]

    assert {one.json["title"] for one in answers} == {"Old"}
    assert {one.json["meta"]["source"] for one in answers} == {"stale"}
    assert waiting_jobs() == ["refresh_movie"]
    assert not tmdb.asked


def test_it_says_when_tmdb_should_have_told_better(api: Api, tmdb: TmdbServer) -> None:
    make_movie(603, fetched_at=timezone.now() - OLD)
    tmdb.fail("401")
    api.get("/api/movies/604/")

    answer = api.get("/api/movies/603/")

    assert answer.status == 200
    assert answer.json["meta"]["degraded"] is True
    assert answer.headers["Cache-Control"] == "public, max-age=1"


def test_without_a_key_an_old_film_is_as_good_as_any(api: Api) -> None:
    make_movie(603, fetched_at=timezone.now() - OLD)

    meta = api.get("/api/movies/603/").json["meta"]

    assert (meta["source"], meta["degraded"]) == ("cache", False)
    assert waiting_jobs() == []


# Films of the starter catalogue, which TMDb never described


def test_it_completes_a_starter_film(api: Api, tmdb: TmdbServer) -> None:
    make_movie(603, title="The Matrix", fetched_at=None)

    first, second = api.get("/api/movies/603/"), api.get("/api/movies/603/")

    assert first.json["overview"].startswith("A programmer")
    assert first.json["meta"]["source"] == "live"
    assert second.json["meta"]["source"] == "cache"
    assert tmdb.calls["/movie/603"] == 1


def test_it_answers_a_starter_film_without_a_key(api: Api) -> None:
    make_movie(603, title="The Matrix", fetched_at=None)

    answer = api.get("/api/movies/603/")

    assert answer.json["title"] == "The Matrix"
    assert answer.json["meta"] == {
        "source": "local",
        "fetched_at": None,
        "degraded": False,
    }


def test_it_answers_a_starter_film_while_tmdb_is_down(
    api: Api, tmdb: TmdbServer
) -> None:
    make_movie(603, title="The Matrix", fetched_at=None)
    tmdb.fail("401")

    answers = [api.get("/api/movies/603/") for _ in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert all(answer.json["meta"]["degraded"] for answer in answers)
    assert tmdb.calls["/movie/603"] == 1


# Films that TMDb took back


def test_a_film_that_tmdb_took_back_is_kept_for_members(
    api: Api, obscure: TmdbServer
) -> None:
    make_movie(OBSCURE, title="Obscure", fetched_at=None)
    obscure.remove_movie(OBSCURE)

    first, second = (api.get(f"/api/movies/{OBSCURE}/") for _ in range(2))

    assert first.json["title"] == second.json["title"] == "Obscure"
    assert Movie.objects.get().removed_at is not None
    assert api.get("/api/movies/").json["count"] == 0
    assert obscure.calls[f"/movie/{OBSCURE}"] == 1


# Several at once


@pytest.mark.django_db(transaction=True)
def test_many_who_want_an_unknown_film_ask_tmdb_once(tmdb: TmdbServer) -> None:
    answers = together(*[lambda: Api().get("/api/movies/603/")] * 8)

    assert [answer.status for answer in answers] == [200] * 8
    assert tmdb.calls["/movie/603"] == 1
    assert Movie.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_want_a_starter_film_ask_tmdb_once(tmdb: TmdbServer) -> None:
    make_movie(603, fetched_at=None)

    answers = together(*[lambda: Api().get("/api/movies/603/")] * 8)

    assert {len(answer.json["cast"]) for answer in answers} == {2}
    assert tmdb.calls["/movie/603"] == 1
