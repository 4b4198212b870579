from typing import Any

import pytest

from tests.builders import make_movie
from tests.client import Api
from tests.query_count import count_queries

pytestmark = pytest.mark.usefixtures("genres")


def titles(api: Api, **params: Any) -> list[str]:
    answer = api.get("/api/movies/top_rated/", **params)
    return [movie["title"] for movie in answer.json["results"]]


def test_it_works(api: Api) -> None:
    make_movie(title="Good", vote_average=7.5, vote_count=2000)
    make_movie(title="Best", vote_average=8.5, vote_count=2000)

    assert titles(api) == ["Best", "Good"]


def test_it_trusts_many_votes_more_than_few(api: Api) -> None:
    make_movie(title="Hyped", vote_average=9.0, vote_count=300)  # 7.44
    make_movie(title="Proven", vote_average=8.5, vote_count=20_000)  # 8.45

    assert titles(api) == ["Proven", "Hyped"]


@pytest.mark.parametrize("votes", [299, 0, None])
def test_it_leaves_out_films_with_few_votes(api: Api, votes: int | None) -> None:
    make_movie(vote_average=10.0, vote_count=votes)

    assert titles(api) == []


def test_it_puts_a_film_without_an_average_last(api: Api) -> None:
    make_movie(1, title="Unknown", vote_average=None)
    make_movie(2, title="Poor", vote_average=0.5)

    assert titles(api) == ["Poor", "Unknown"]


def test_it_takes_the_filters_of_the_list(api: Api) -> None:
    make_movie(title="Old", year=1950, genres=[18])
    make_movie(title="New", year=2020, genres=[18])
    make_movie(title="Other", year=2020, genres=[27])

    assert titles(api, year_min=2000, genres="Drama") == ["New"]
    assert titles(api, search="oldd") == ["Old"]


def test_it_has_one_order_only(api: Api) -> None:
    answer = api.get("/api/movies/top_rated/", ordering="title")

    assert answer.field_code("ordering") == "unknown_parameter"


def test_equal_films_keep_their_order(api: Api) -> None:
    for movie_id in (3, 1, 2):
        make_movie(movie_id, title=str(movie_id))

    assert titles(api) == ["1", "2", "3"]


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(api: Api, rows: int) -> None:
    def ask() -> None:
        assert api.get("/api/movies/top_rated/", page_size=100).status == 200

    make_movie()
    for_one = count_queries(ask)
    for _ in range(rows - 1):
        make_movie()

    assert count_queries(ask) <= for_one + 1  # a full page does not tell the count
