"""Lists that a film is put on by its id in the body."""

import pytest

from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer

pytestmark = [
    pytest.mark.usefixtures("genres"),
    pytest.mark.parametrize(
        "path", ["/api/user/hidden/", "/api/user/onboarding/skips/"]
    ),
]


def put(api: Api, path: str, movie: object = 603) -> Answer:
    return api.post(path, {"movie": movie})


@pytest.mark.usefixtures("tmdb")
def test_it_stores_a_film_that_only_tmdb_knows(owner_api: Api, path: str) -> None:
    assert put(owner_api, path).json["movie"]["title"] == "The Matrix"


@pytest.mark.usefixtures("tmdb")
def test_it_does_not_find_an_unknown_film(owner_api: Api, path: str) -> None:
    answer = put(owner_api, path, 999_999)

    assert (answer.status, answer.code) == (404, "movie_not_found")


def test_it_says_when_tmdb_is_down(owner_api: Api, tmdb: TmdbServer, path: str) -> None:
    tmdb.fail("503")

    assert put(owner_api, path).status == 503


@pytest.mark.parametrize("movie", ["603", 0, -1, True, None, 2**31])
def test_it_refuses_what_is_no_id(owner_api: Api, path: str, movie: object) -> None:
    answer = put(owner_api, path, movie)

    assert answer.status == 400
    assert "movie" in answer.json["errors"]
