from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog import lists
from tests.builders import NOW, make_movie
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")


def search(api: Api, query: str = "matrix", **params: Any) -> Answer:
    return api.get("/api/tmdb/search/", query=query, **params)


def test_it_works(owner_api: Api, tmdb: TmdbServer) -> None:
    make_movie(603, title="The Matrix")

    answer = search(owner_api)

    assert answer.status == 200
    assert answer.json["count"] == 2
    assert answer.json["meta"]["source"] == "live"
    found = answer.json["results"]
    assert [movie["id"] for movie in found] == [603, 604]
    assert [movie["in_catalogue"] for movie in found] == [True, False]
    assert found[1]["genres"][0]["name"] == "Action"
    assert found[1]["poster_url"].endswith("/poster604.jpg")


def test_it_is_for_members(api: Api, tmdb: TmdbServer) -> None:
    answer = search(api)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not tmdb.asked


def test_it_is_not_for_shared_caches(owner_api: Api, tmdb: TmdbServer) -> None:
    assert search(owner_api).headers["Cache-Control"] == "private, no-cache"


def test_it_says_that_there_is_no_key(owner_api: Api) -> None:
    answer = search(owner_api)

    assert (answer.status, answer.code) == (503, "tmdb_not_configured")
    assert int(answer.headers["Retry-After"]) > 0


def test_it_finds_nothing(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = search(owner_api, "zzz")

    assert (answer.status, answer.json["results"]) == (200, [])


def test_it_narrows_by_year(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = search(owner_api, year=2003)

    assert [movie["id"] for movie in answer.json["results"]] == [604]


def test_it_searches_in_any_script(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = search(owner_api, "千と千尋")

    assert [movie["title"] for movie in answer.json["results"]] == ["Spirited Away"]


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"query": ""}, "query", "blank"),
        ({"query": " \t "}, "query", "blank"),
        ({"query": "x" * 201}, "query", "max_length"),
        ({"query": "a\0b"}, "query", "null_characters_not_allowed"),
        ({"query": "a", "page": "501"}, "page", "max_value"),
        ({"query": "a", "year": "99"}, "year", "min_value"),
        ({"query": "a", "language": "de"}, "language", "unknown_parameter"),
        ({}, "query", "required"),
    ],
)
def test_it_refuses(
    owner_api: Api, tmdb: TmdbServer, params: dict[str, Any], field: str, code: str
) -> None:
    answer = owner_api.get("/api/tmdb/search/", **params)

    assert answer.status == 400
    assert answer.field_code(field) == code
    assert not tmdb.asked


def test_it_asks_tmdb_once_for_one_question(
    owner_api: Api, stranger_api: Api, tmdb: TmdbServer
) -> None:
    search(owner_api, "the  matrix")

    answer = search(stranger_api, " the matrix ")

    assert answer.json["meta"]["source"] == "cache"
    assert tmdb.calls["/search/movie"] == 1


def test_what_is_in_the_catalogue_is_never_cached(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    search(owner_api)
    make_movie(603)
    make_movie(604, removed_at=NOW - timedelta(days=1))

    answer = search(owner_api)

    flags = [movie["in_catalogue"] for movie in answer.json["results"]]
    assert flags == [True, False]


def test_it_is_unavailable_while_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    make_movie(603, title="The Matrix")
    tmdb.fail("503")

    answer = search(owner_api)

    assert (answer.status, answer.code) == (503, "tmdb_unavailable")


def test_nonsense_is_a_bad_gateway(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("html")

    assert search(owner_api).status == 502


def test_it_answers_what_is_stale_and_has_it_refreshed(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    earlier = timezone.now() - timedelta(hours=2)
    lists.search_tmdb(query="matrix", year=None, page=1, page_size=20, now=earlier)
    tmdb.fail("503")

    answer = search(owner_api)

    assert answer.json["meta"]["source"] == "stale"
    assert answer.json["count"] == 2
    assert ProcrastinateJob.objects.get().task_name == "refresh_listing"


def test_it_has_nothing_past_the_last_page(owner_api: Api, tmdb: TmdbServer) -> None:
    assert search(owner_api, page=2).status == 404


@pytest.mark.parametrize("rows", [10, 30])
def test_it_asks_the_database_equally_often(
    owner_api: Api, tmdb: TmdbServer, rows: int
) -> None:
    def ask() -> None:
        assert search(owner_api, "e", page_size=100).status == 200

    make_movie(603)
    ask()
    for_one = count_queries(ask)
    for movie_id in list(tmdb.movies)[1:rows]:
        make_movie(movie_id)

    assert count_queries(ask) == for_one
