"""/movies/{id}/ratings/"""

from datetime import timedelta
from typing import Any

import pytest

from nexus.accounts.models import User, Visibility
from nexus.catalog.models import Movie
from tests.builders import NOW, make_movie, make_rating, make_user
from tests.client import Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/movies/603/ratings/"


@pytest.fixture
def movie(db: None) -> Movie:
    return make_movie(603)


def test_it_works(api: Api, movie: Movie) -> None:
    for age, stars in enumerate((5, 2.5, 4)):
        user = make_user(f"critic{age}")
        make_rating(user, movie, stars=stars, updated_at=NOW - timedelta(days=age))

    answer = api.get(PATH)

    assert answer.status == 200
    assert answer.json["count"] == 3
    assert answer.json["average"] == 3.83
    assert [one["stars"] for one in answer.json["results"]] == [5, 2.5, 4]
    assert answer.json["results"][0]["user"] == {"username": "critic0"}


def test_it_distributes_by_stars(api: Api, movie: Movie) -> None:
    for stars in (5, 5, 0.5):
        make_rating(make_user(), movie, stars=stars)

    answer = api.get(PATH)

    found = {stars: n for stars, n in answer.json["distribution"].items() if n}
    assert list(answer.json["distribution"]) == [f"{n / 2:.1f}" for n in range(1, 11)]
    assert found == {"0.5": 1, "5.0": 2}


def test_it_answers_for_a_film_that_nobody_rated(api: Api, movie: Movie) -> None:
    answer = api.get(PATH)

    assert answer.json["count"] == 0
    assert answer.json["average"] is None
    assert set(answer.json["distribution"].values()) == {0}
    assert answer.json["results"] == []


@pytest.mark.parametrize(
    "hidden", [{"visibility": Visibility.PRIVATE}, {"is_active": False}]
)
def test_it_leaves_out_who_does_not_show_theirs(
    api: Api, movie: Movie, hidden: dict[str, Any]
) -> None:
    make_rating(make_user(), movie, stars=4)
    make_rating(make_user(**hidden), movie, stars=1)

    answer = api.get(PATH)

    assert answer.json["count"] == 1
    assert answer.json["average"] == 4
    assert answer.json["distribution"]["1.0"] == 0
    assert len(answer.json["results"]) == 1


def test_it_leaves_out_other_films(api: Api, movie: Movie, owner: User) -> None:
    make_rating(owner, make_movie())

    assert api.get(PATH).json["count"] == 0


def test_it_tells_no_address(api: Api, movie: Movie, owner: User) -> None:
    make_rating(owner, movie)

    assert "example.org" not in str(api.get(PATH).json)


def test_it_turns_pages(api: Api, movie: Movie) -> None:
    for _ in range(5):
        make_rating(make_user(), movie)

    pages = [api.get(PATH, page_size=2, page=page).json for page in (1, 2, 3)]

    assert [len(page["results"]) for page in pages] == [2, 2, 1]
    assert len({one["id"] for page in pages for one in page["results"]}) == 5
    assert [page["total_pages"] for page in pages] == [3, 3, 3]
    assert pages[0]["previous"] is None
    assert pages[2]["next"] is None


def test_it_has_no_page_past_the_last(api: Api, movie: Movie) -> None:
    answer = api.get(PATH, page=2)

    assert answer.status == 404
    assert answer.code == "not_found"


@pytest.mark.usefixtures("tmdb")
def test_it_does_not_find_an_unknown_film(api: Api) -> None:
    answer = api.get("/api/movies/999999/ratings/")

    assert answer.status == 404
    assert answer.code == "movie_not_found"


def test_it_says_when_tmdb_is_down(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    assert api.get(PATH).status == 503


def test_it_asks_as_often_for_many_as_for_one(api: Api, movie: Movie) -> None:
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            make_rating(make_user(), movie, review="Good.")
        counts.append(count_queries(lambda: api.get(PATH, page_size=100)))

    assert len(set(counts)) == 1
