from typing import Any

import pytest

from nexus.catalog.models import Movie
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.shelf import (
    ALIEN,
    GODFATHER,
    GODFATHER_2,
    MATRIX,
    RELOADED,
    TITANIC,
    fill_shelf,
)
from tests.tmdb_server import TmdbServer


@pytest.fixture(autouse=True)
def shelf(db: None) -> None:
    fill_shelf()


def recommendations(api: Api, movie_id: int, **params: Any) -> Answer:
    return api.get(f"/api/movies/{movie_id}/recommendations/", **params)


def ids(answer: Answer) -> list[int]:
    return [movie["id"] for movie in answer.json["results"]]


def test_it_works(api: Api, tmdb: TmdbServer) -> None:
    answer = recommendations(api, MATRIX)

    assert answer.status == 200
    meta = answer.json["meta"]
    assert (meta["source"], meta["degraded"]) == ("live", False)
    assert meta["fetched_at"].endswith("Z")
    asked = [call.path for call in tmdb.asked]
    assert f"/movie/{MATRIX}/recommendations" in asked
    assert answer.json["count"] == len(set(ids(answer)))
    assert answer.json["results"][0]["title"] == "The Matrix Reloaded"


def test_it_answers_from_the_cache(api: Api, tmdb: TmdbServer) -> None:
    live = recommendations(api, MATRIX)

    again = recommendations(api, MATRIX)

    assert again.json["meta"]["source"] == "cache"
    assert again.json["results"] == live.json["results"]
    assert tmdb.calls[f"/movie/{MATRIX}/recommendations"] == 1


def test_it_answers_from_the_cache_while_tmdb_is_down(
    api: Api, tmdb: TmdbServer
) -> None:
    live = recommendations(api, MATRIX)
    tmdb.fail("503")

    again = recommendations(api, MATRIX)

    assert again.json["results"] == live.json["results"]


def test_it_falls_back_to_similar_films_without_tmdb(api: Api) -> None:
    answer = recommendations(api, GODFATHER)

    assert answer.json["meta"] == {
        "source": "local",
        "fetched_at": None,
        "degraded": False,
    }
    similar = api.get(f"/api/movies/{GODFATHER}/similar/").json
    assert ids(answer) == [one["movie"]["id"] for one in similar]
    assert ids(answer)[0] == GODFATHER_2


@pytest.mark.parametrize("kind", ["503", "500", "401", "html", "empty", "wrong_types"])
def test_it_falls_back_while_tmdb_fails(api: Api, tmdb: TmdbServer, kind: Any) -> None:
    tmdb.fail(kind)

    answer = recommendations(api, MATRIX)

    assert answer.status == 200
    assert answer.json["meta"]["source"] == "local"
    assert answer.json["meta"]["degraded"] is True
    assert ids(answer)[0] == RELOADED


def test_it_asks_tmdb_again_after_a_failure(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("500")
    recommendations(api, MATRIX)
    tmdb.recover()

    assert recommendations(api, MATRIX).json["meta"]["source"] == "live"


def test_it_keeps_no_films_that_tmdb_merely_lists(api: Api, tmdb: TmdbServer) -> None:
    Movie.objects.get(id=RELOADED).delete()

    assert RELOADED in ids(recommendations(api, MATRIX))
    assert not Movie.objects.filter(id=RELOADED).exists()


@pytest.mark.parametrize("asks_tmdb", [False, True])
def test_it_turns_pages(
    request: pytest.FixtureRequest, api: Api, asks_tmdb: bool
) -> None:
    if asks_tmdb:
        request.getfixturevalue("tmdb")
    whole = ids(recommendations(api, MATRIX, page_size=100))

    size = len(whole) // 2
    first, second = (
        recommendations(api, MATRIX, page=n, page_size=size) for n in (1, 2)
    )

    assert [*ids(first), *ids(second)] == whole[: 2 * size]
    assert first.json["next"] is not None
    assert recommendations(api, MATRIX, page=400).status == 404


def test_it_refuses_a_film_that_nobody_knows(api: Api, tmdb: TmdbServer) -> None:
    assert recommendations(api, 424_242).code == "movie_not_found"


def test_it_refuses_a_film_that_tmdb_took_back(api: Api) -> None:
    alien = Movie.objects.get(id=ALIEN)
    alien.removed_at = alien.fetched_at
    alien.save()

    assert recommendations(api, ALIEN).status == 404


def test_it_stores_the_film_itself(api: Api, tmdb: TmdbServer) -> None:
    Movie.objects.get(id=TITANIC).delete()

    assert recommendations(api, TITANIC).status == 200
    assert Movie.objects.filter(id=TITANIC).exists()


@pytest.mark.parametrize("asks_tmdb", [False, True])
def test_it_asks_as_much_for_one_film_as_for_many(
    request: pytest.FixtureRequest, api: Api, asks_tmdb: bool
) -> None:
    if asks_tmdb:
        request.getfixturevalue("tmdb")
    recommendations(api, MATRIX)

    def ask(page_size: int) -> int:
        return count_queries(lambda: recommendations(api, MATRIX, page_size=page_size))

    assert ask(1) == ask(10)
