from typing import Any

import pytest

from nexus.catalog.models import Movie
from tests.builders import make_movie
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.shelf import (
    ALIEN,
    ALIENS,
    FELLOWSHIP,
    GODFATHER,
    GODFATHER_2,
    MATRIX,
    MEMENTO,
    RELOADED,
    RETURN_OF_THE_KING,
    SEVEN,
    TITANIC,
    TWO_TOWERS,
    fill_shelf,
)
from tests.tmdb.shapes import people
from tests.tmdb_server import TmdbServer


@pytest.fixture(autouse=True)
def shelf(db: None) -> None:
    fill_shelf()


def similar(api: Api, movie_id: int, **params: Any) -> Answer:
    return api.get(f"/api/movies/{movie_id}/similar/", **params)


def ids(answer: Answer) -> list[int]:
    return [one["movie"]["id"] for one in answer.json]


def test_it_works(api: Api) -> None:
    answer = similar(api, GODFATHER)

    assert answer.status == 200
    first = answer.json[0]
    assert set(first) == {"movie", "similarity", "reasons"}
    assert first["movie"]["id"] == GODFATHER_2
    assert {
        "type": "person",
        "text": "Francis Ford Coppola directed both.",
        "person": {
            "id": people("Francis Ford Coppola"),
            "name": "Francis Ford Coppola",
        },
    } in first["reasons"]


@pytest.mark.parametrize(
    ("movie_id", "nearest"),
    [
        (MATRIX, {RELOADED}),
        (FELLOWSHIP, {TWO_TOWERS, RETURN_OF_THE_KING}),
    ],
)
def test_it_finds_the_sequels(api: Api, movie_id: int, nearest: set[int]) -> None:
    assert set(ids(similar(api, movie_id, limit=len(nearest)))) == nearest


def test_it_says_what_both_have(api: Api) -> None:
    found = similar(api, ALIEN, limit=3).json

    aliens = next(one for one in found if one["movie"]["id"] == ALIENS)
    texts = [reason["text"] for reason in aliens["reasons"]]
    assert "Sigourney Weaver plays in both." in texts
    assert "Both are Science Fiction films." in texts
    assert "Both are tagged “spaceship”." in texts
    assert all("points" not in reason for reason in aliens["reasons"])


def test_it_gives_a_reason_for_every_film(api: Api) -> None:
    assert all(one["reasons"] for one in similar(api, SEVEN, limit=100).json)


def test_it_puts_the_most_similar_first(api: Api) -> None:
    values = [one["similarity"] for one in similar(api, MATRIX, limit=100).json]

    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)


def test_it_never_lists_the_film_itself(api: Api) -> None:
    assert MATRIX not in ids(similar(api, MATRIX, limit=100))


def test_it_keeps_to_the_limit(api: Api) -> None:
    assert len(ids(similar(api, MATRIX, limit=2))) == 2
    assert ids(similar(api, MATRIX, limit=2)) == ids(similar(api, MATRIX))[:2]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
def test_it_refuses_a_wrong_limit(api: Api, limit: str) -> None:
    answer = api.get(f"/api/movies/{MATRIX}/similar/", limit=limit)

    assert answer.status == 400
    assert "limit" in answer.json["errors"]


def test_it_lists_nothing_for_a_film_without_facts(api: Api) -> None:
    blank = make_movie(title="Blank", genres=[])

    assert similar(api, blank.pk).json == []


def test_it_stores_a_film_that_only_tmdb_knows(api: Api, tmdb: TmdbServer) -> None:
    Movie.objects.get(id=RELOADED).delete()
    similar(api, MATRIX)

    answer = similar(api, RELOADED)

    assert ids(answer)[0] == MATRIX
    assert RELOADED in ids(similar(api, MATRIX))


def test_it_refuses_a_film_that_nobody_knows(api: Api, tmdb: TmdbServer) -> None:
    answer = similar(api, 424_242)

    assert (answer.status, answer.code) == (404, "movie_not_found")


def test_it_hides_films_that_tmdb_took_back(api: Api) -> None:
    similar(api, ALIEN)
    aliens = Movie.objects.get(id=ALIENS)
    aliens.removed_at = aliens.fetched_at
    aliens.save()

    assert similar(api, ALIENS).status == 404
    assert ALIENS not in ids(similar(api, ALIEN, limit=100))


def test_it_works_while_tmdb_is_down(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    assert similar(api, MEMENTO).status == 200


def test_it_may_be_cached(api: Api) -> None:
    answer = similar(api, TITANIC)

    assert answer.headers["Cache-Control"].startswith("public")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert api.get(f"/api/movies/{TITANIC}/similar/", headers=known).status == 304


def test_it_asks_as_much_for_one_film_as_for_a_hundred(api: Api) -> None:
    for n in range(100):
        make_movie(title=f"More {n}", genres=[28, 878])
    similar(api, MATRIX)

    def ask(limit: int) -> int:
        return count_queries(lambda: similar(api, MATRIX, limit=limit))

    assert ask(1) == ask(10) == ask(100)
