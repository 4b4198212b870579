from collections.abc import Callable
from typing import TypeAlias

import httpx
import pytest

from nexus.tmdb import Best, Page, Tmdb, TmdbNonsense, TmdbNotFound, Window
from tests.tmdb.transports import FILM, tmdb_that_answers
from tests.tmdb_server import TmdbServer

Call: TypeAlias = Callable[[Tmdb, int], object]

PAGED: dict[str, Call] = {
    "search": lambda tmdb, page: tmdb.search("the", page=page),
    "trending": lambda tmdb, page: tmdb.trending("day", page=page),
    "recommendations": lambda tmdb, page: tmdb.recommendations(603, page=page),
    "best": lambda tmdb, page: tmdb.best("popular", page=page),
}


def searched(**changed: object) -> Page:
    document = {"page": 1, "results": [FILM], "total_pages": 1, "total_results": 1}
    answer = httpx.Response(200, json=document | changed)
    return tmdb_that_answers(answer).search("matrix")


def test_it_searches(tmdb: Tmdb, server: TmdbServer) -> None:
    page = tmdb.search(" matrix ", language="fr-FR")

    assert [movie.title for movie in page.results] == [
        "The Matrix",
        "The Matrix Reloaded",
    ]
    assert (page.page, page.total_pages, page.total_results) == (1, 1, 2)
    assert page.results[0].genre_ids == (28, 878)
    assert server.asked[0].params["query"] == "matrix"
    assert server.asked[0].params["language"] == "fr-FR"


def test_it_searches_within_a_year(tmdb: Tmdb) -> None:
    page = tmdb.search("matrix", year=2003)

    assert [movie.tmdb_id for movie in page.results] == [604]


def test_it_finds_nothing(tmdb: Tmdb) -> None:
    page = tmdb.search("no such film")

    assert (page.results, page.total_results) == ((), 0)


@pytest.mark.parametrize("query", ["100% & more = ?#/", "千と千尋", "a\ud83db\x00"])
def test_it_searches_for_any_text(tmdb: Tmdb, server: TmdbServer, query: str) -> None:
    tmdb.search(query)

    assert server.asked[0].params["query"] in {query, "ab"}


@pytest.mark.parametrize("query", ["", "  ", "\x00", "x" * 501])
def test_it_does_not_ask_for_a_bad_query(
    tmdb: Tmdb, server: TmdbServer, query: str
) -> None:
    with pytest.raises(ValueError, match="1 to 500 characters"):
        tmdb.search(query)

    assert not server.calls


@pytest.mark.parametrize(("window", "first"), [("day", 603), ("week", 62)])
def test_it_lists_what_is_trending(tmdb: Tmdb, window: Window, first: int) -> None:
    page = tmdb.trending(window)

    assert page.results[0].tmdb_id == first
    assert len(page.results) == 20
    assert page.total_pages == 2


@pytest.mark.parametrize("name", ["popular", "top_rated"])
def test_it_lists_the_best(tmdb: Tmdb, server: TmdbServer, name: Best) -> None:
    page = tmdb.best(name, page=2)

    assert (page.page, page.total_pages) == (2, 2)
    assert len(page.results) == len(server.movies) - 20
    assert server.asked[0].path == f"/movie/{name}"


def test_it_turns_the_page(tmdb: Tmdb, server: TmdbServer) -> None:
    first, second = tmdb.trending("day"), tmdb.trending("day", page=2)

    assert second.page == 2
    assert len(second.results) == len(server.movies) - 20
    assert not {m.tmdb_id for m in first.results} & {m.tmdb_id for m in second.results}


def test_it_lists_recommendations(tmdb: Tmdb) -> None:
    page = tmdb.recommendations(603)

    assert 604 in {movie.tmdb_id for movie in page.results}
    assert 603 not in {movie.tmdb_id for movie in page.results}


def test_it_raises_not_found_for_the_recommendations_of_nothing(tmdb: Tmdb) -> None:
    with pytest.raises(TmdbNotFound):
        tmdb.recommendations(999_999)


@pytest.mark.parametrize("name", PAGED)
@pytest.mark.parametrize("page", [-1, 0, 501])
def test_it_does_not_ask_for_a_page_out_of_range(
    tmdb: Tmdb, server: TmdbServer, name: str, page: int
) -> None:
    with pytest.raises(ValueError, match="pages go from 1 to 500"):
        PAGED[name](tmdb, page)

    assert not server.calls


@pytest.mark.parametrize("name", PAGED)
def test_it_gives_an_empty_page_beyond_the_last(tmdb: Tmdb, name: str) -> None:
    page = PAGED[name](tmdb, 500)

    assert isinstance(page, Page)
    assert (page.page, page.results) == (500, ())


def test_it_skips_malformed_entries() -> None:
    bad = [{"id": 1}, {"title": "x"}, {"id": "7", "title": "x"}, None, 5, "film"]
    others = [FILM, FILM, {"id": 9, "title": "Some Series", "media_type": "tv"}]

    assert [m.tmdb_id for m in searched(results=bad + others).results] == [603]


@pytest.mark.parametrize("results", [None, {}, "films", 5, [{"id": "603"}], ["x"]])
def test_it_refuses_results_that_cannot_be_read(results: object) -> None:
    with pytest.raises(TmdbNonsense):
        searched(results=results)


def test_it_does_without_the_counts() -> None:
    page = searched(page="one", total_pages=None, total_results=-3)

    assert (page.page, page.total_pages, page.total_results) == (1, 1, 1)


def test_it_counts_only_the_pages_that_can_be_asked_for() -> None:
    assert searched(total_pages=41_000).total_pages == 500
