from datetime import timedelta
from typing import Any

import pytest

from nexus.accounts.models import User
from tests.builders import NOW, make_movie, make_rating
from tests.client import Api
from tests.query_count import count_queries

pytestmark = pytest.mark.usefixtures("genres")


def test_it_works(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie(603, genres=[28]), stars=3.5)

    answer = owner_api.get("/api/ratings/")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.json.keys() == {"next", "previous", "results"}
    (found,) = answer.json["results"]
    assert found["id"] == rating.pk
    assert found["stars"] == 3.5
    assert found["review"] is None
    assert found["movie"]["genres"] == [{"id": 28, "name": "Action"}]


def test_it_puts_the_newest_first(owner: User, owner_api: Api) -> None:
    for movie_id, age in ((1, 2), (2, 0), (3, 1)):
        at = NOW - timedelta(days=age)
        make_rating(owner, make_movie(movie_id), updated_at=at)

    answer = owner_api.get("/api/ratings/")

    assert [one["movie"]["id"] for one in answer.json["results"]] == [2, 3, 1]


def test_it_puts_a_changed_rating_first(owner: User, owner_api: Api) -> None:
    long_ago = NOW - timedelta(days=10_000)
    old = make_rating(owner, make_movie(1), updated_at=long_ago)
    make_rating(owner, make_movie(2), updated_at=long_ago + timedelta(days=1))
    owner_api.patch(f"/api/ratings/{old.pk}/", {"stars": 1})

    answer = owner_api.get("/api/ratings/")

    assert [one["movie"]["id"] for one in answer.json["results"]] == [1, 2]


def test_it_hides_the_ratings_of_others(stranger_api: Api, owner: User) -> None:
    make_rating(owner, make_movie())

    assert stranger_api.get("/api/ratings/").json["results"] == []


def test_it_wants_a_member(api: Api) -> None:
    assert api.get("/api/ratings/").status == 401


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"movie": 1}, {1}),
        ({"movie": 9}, set()),
        ({"min_stars": 3}, {2, 3}),
        ({"min_stars": 3.5}, {3}),
        ({"min_stars": "3.2"}, {3}),
        ({"has_review": "true"}, {1, 3}),
        ({"has_review": "false"}, {2}),
        ({"has_review": "true", "min_stars": 2}, {3}),
    ],
)
def test_it_filters(
    owner: User, owner_api: Api, params: dict[str, Any], found: set[int]
) -> None:
    for movie_id, stars, review in ((1, 1, "Bad."), (2, 3, ""), (3, 5, "Good.")):
        make_rating(owner, make_movie(movie_id), stars=stars, review=review)

    answer = owner_api.get("/api/ratings/", **params)

    assert {one["movie"]["id"] for one in answer.json["results"]} == found


def test_it_keeps_the_filter_from_page_to_page(owner: User, owner_api: Api) -> None:
    for stars in (5, 1, 5, 1):
        make_rating(owner, make_movie(), stars=stars)

    first = owner_api.get("/api/ratings/", min_stars=5, page_size=1)
    second = owner_api.get(first.json["next"])

    assert second.json["results"][0]["stars"] == 5
    assert second.json["next"] is None


@pytest.mark.parametrize(
    "params",
    [
        {"movie": "x"},
        {"movie": 0},
        {"movie": 2**31},
        {"min_stars": 6},
        {"min_stars": 0},
        {"min_stars": "nan"},
        {"min_stars": "inf"},
        {"has_review": "yes"},
        {"page_size": 0},
        {"page_size": 101},
        {"page_size": "ten"},
        {"page": 2},
        {"colour": "blue"},
    ],
)
def test_it_refuses_wrong_parameters(owner_api: Api, params: dict[str, Any]) -> None:
    answer = owner_api.get("/api/ratings/", **params)

    assert answer.status == 400
    assert answer.json["errors"].keys() == params.keys()


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            make_rating(owner, make_movie(), review="Good.")
        counts.append(
            count_queries(lambda: owner_api.get("/api/ratings/", page_size=100))
        )

    assert len(set(counts)) == 1
