from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog import lists
from nexus.tmdb import Window
from tests.builders import NOW, make_movie
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import Kind, TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")


def ids(answer: Answer) -> list[int]:
    return [movie["id"] for movie in answer.json["results"]]


def trending(api: Api, **params: Any) -> Answer:
    return api.get("/api/movies/trending/", **params)


def ask_earlier(window: Window = "day") -> None:
    """Leave an answer in the cache that is no longer fresh."""
    earlier = timezone.now() - timedelta(hours=2)
    lists.trending_movies(window=window, page=1, page_size=20, now=earlier)


def test_it_works(api: Api, tmdb: TmdbServer) -> None:
    answer = trending(api)

    assert answer.status == 200
    assert ids(answer)[:3] == [603, 604, 550]
    assert answer.json["count"] == 32
    assert answer.json["total_pages"] == 2
    assert answer.json["meta"]["source"] == "live"
    assert answer.json["meta"]["degraded"] is False
    first = answer.json["results"][0]
    assert first["title"] == "The Matrix"
    assert first["genres"][0] == {"id": 28, "name": "Action"}
    assert first["runtime"] is None


def test_it_knows_two_windows(api: Api, tmdb: TmdbServer) -> None:
    day, week = trending(api, window="day"), trending(api, window="week")

    assert ids(day)[0] == 603
    assert ids(week)[0] == 62
    assert ids(trending(api)) == ids(day)


@pytest.mark.parametrize(
    ("name", "value"),
    [("window", "month"), ("window", ""), ("page", "0"), ("page", "501"), ("year", 1)],
)
def test_it_refuses(api: Api, name: str, value: object) -> None:
    answer = trending(api, **{name: value})

    assert answer.status == 400
    assert name in answer.json["errors"]


def test_it_asks_tmdb_once_while_the_answer_is_fresh(
    api: Api, tmdb: TmdbServer
) -> None:
    first, second = trending(api), trending(api)

    assert tmdb.calls["/trending/movie/day"] == 1
    assert second.json["meta"]["source"] == "cache"
    assert second.json["meta"]["fetched_at"] == first.json["meta"]["fetched_at"]
    assert ids(second) == ids(first)


def test_it_answers_what_is_stale_and_has_it_refreshed_once(
    api: Api, tmdb: TmdbServer
) -> None:
    ask_earlier()

    answers = [trending(api) for _ in range(3)]

    assert {one.json["meta"]["source"] for one in answers} == {"stale"}
    assert ids(answers[0])[0] == 603
    assert tmdb.calls["/trending/movie/day"] == 1
    job = ProcrastinateJob.objects.get()
    assert job.task_name == "refresh_listing"
    assert job.args == {"name": "trending", "wanted": {"window": "day", "page": 1}}


def test_it_answers_what_is_stale_while_tmdb_is_down(
    api: Api, tmdb: TmdbServer
) -> None:
    ask_earlier()
    tmdb.fail("401")
    trending(api, window="week")

    answer = trending(api)

    assert ids(answer)[0] == 603
    assert answer.json["meta"]["source"] == "stale"
    assert answer.json["meta"]["degraded"] is True


@pytest.mark.parametrize("kind", ["503", "html", "401"])
def test_it_answers_from_our_films_while_tmdb_is_down(
    api: Api, tmdb: TmdbServer, kind: Kind
) -> None:
    make_movie(1, popularity=1)
    make_movie(2, popularity=2)
    tmdb.fail(kind)

    answer = trending(api)

    assert answer.status == 200
    assert ids(answer) == [2, 1]
    assert answer.json["meta"] == {
        "source": "local",
        "fetched_at": None,
        "degraded": True,
    }


def test_nobody_keeps_for_long_what_tmdb_should_have_told_better(
    api: Api, tmdb: TmdbServer
) -> None:
    make_movie()
    tmdb.fail("401")

    answer = trending(api)

    assert answer.json["meta"]["degraded"] is True
    assert answer.headers["Cache-Control"] == "public, max-age=1"


def test_an_empty_list_never_stands_for_an_outage(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("401")

    answer = trending(api)

    assert answer.status == 503
    assert "Retry-After" in answer.headers


def test_an_outage_is_not_remembered(api: Api, tmdb: TmdbServer) -> None:
    make_movie()
    tmdb.fail("401")
    trending(api)
    tmdb.recover()

    assert trending(api).json["meta"]["source"] == "live"


def test_it_answers_from_our_films_without_a_key(api: Api) -> None:
    make_movie(1, popularity=1)
    make_movie(2, popularity=2)
    make_movie(3, popularity=3, removed_at=NOW)

    answer = trending(api)

    assert ids(answer) == [2, 1]
    assert answer.json["meta"]["source"] == "local"
    assert answer.json["meta"]["degraded"] is False


def test_it_pages_our_films_without_a_key(api: Api) -> None:
    for movie_id in range(1, 6):
        make_movie(movie_id)

    assert ids(trending(api, page=3, page_size=2)) == [5]
    assert trending(api, page=4, page_size=2).status == 404


@pytest.mark.parametrize("page_size", [1, 7, 15, 20, 30, 100])
def test_its_pages_have_any_size(api: Api, tmdb: TmdbServer, page_size: int) -> None:
    found: list[int] = []
    address: str | None = f"/api/movies/trending/?page_size={page_size}"
    while address:
        answer = api.get(address)
        found += ids(answer)
        address = answer.json["next"]

    assert len(found) == len(set(found)) == 32
    assert found == sorted(tmdb.movies, key=found.index)


def test_an_unreadable_entry_moves_no_other(api: Api, tmdb: TmdbServer) -> None:
    title = tmdb.movies[604]["title"]
    tmdb.movies[604]["title"] = tmdb.movies[604]["original_title"] = ""
    try:
        first = trending(api, page_size=15)
        second = trending(api, page_size=15, page=2)
        third = trending(api, page_size=15, page=3)
    finally:
        tmdb.movies[604]["title"] = tmdb.movies[604]["original_title"] = title

    found = ids(first) + ids(second) + ids(third)
    assert len(found) == len(set(found)) == 31


@pytest.mark.parametrize("page", [3, 500])
def test_it_has_nothing_past_the_last_page(
    api: Api, tmdb: TmdbServer, page: int
) -> None:
    answer = trending(api, page=page)

    assert (answer.status, answer.code) == (404, "not_found")


def test_it_prefers_what_we_know(api: Api, tmdb: TmdbServer) -> None:
    make_movie(603, title="Ours", runtime=136)
    make_movie(604, title="Gone", removed_at=NOW - timedelta(days=1))

    answer = trending(api)

    assert answer.json["results"][0]["runtime"] == 136
    assert answer.json["results"][1]["title"] == "The Matrix Reloaded"


def test_it_may_be_cached_for_a_short_time(api: Api, tmdb: TmdbServer) -> None:
    answer = trending(api)

    assert answer.headers["Cache-Control"].startswith("public, max-age=30,")
    trending(api)  # from now on its source is the cache
    etag = trending(api).headers["ETag"]
    again = api.get("/api/movies/trending/", headers={"If-None-Match": etag})
    assert again.status == 304


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(api: Api, rows: int) -> None:
    make_movie()
    for_one = count_queries(lambda: trending(api, page_size=100))
    for _ in range(rows - 1):
        make_movie()

    # One more counts the films, which a page that is not full tells by itself.
    assert count_queries(lambda: trending(api, page_size=100)) <= for_one + 1


@pytest.mark.django_db(transaction=True)
def test_many_who_come_at_once_ask_tmdb_once(tmdb: TmdbServer) -> None:
    answers = together(*[lambda: trending(Api())] * 8)

    assert [answer.status for answer in answers] == [200] * 8
    assert tmdb.calls["/trending/movie/day"] == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_find_it_stale_queue_one_job(tmdb: TmdbServer) -> None:
    ask_earlier()

    answers = together(*[lambda: trending(Api())] * 8)

    assert {answer.json["meta"]["source"] for answer in answers} == {"stale"}
    assert ProcrastinateJob.objects.count() == 1
