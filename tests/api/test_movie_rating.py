"""/movies/{id}/rating/"""

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import Rating
from tests.builders import make_movie, make_rating
from tests.client import Api
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db

PATH = "/api/movies/603/rating/"


def test_it_works(owner_api: Api) -> None:
    make_movie(603)

    put = owner_api.put(PATH, {"stars": 4.5, "review": "Whoa."})

    assert put.status == 201
    assert put.json["movie"]["id"] == 603
    assert owner_api.get(PATH).json == put.json


@pytest.mark.parametrize("path", ["/movies/603/rating", "/movies/603/rating/"])
def test_it_answers_under_every_spelling(owner_api: Api, path: str) -> None:
    make_movie(603)

    assert owner_api.put(path, {"stars": 4}).status == 201
    assert owner_api.get(f"/api{path}").json["stars"] == 4


def test_it_is_the_rating_of_the_other_path(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie(603), stars=2, review="Fine.")

    answer = owner_api.put(PATH, {"stars": 4})

    assert answer.status == 200
    assert answer.json["id"] == rating.pk
    assert answer.json["review"] == "Fine."
    assert owner_api.get(f"/api/ratings/{rating.pk}/").json == answer.json


def test_it_shows_nobody_elses(owner: User, stranger_api: Api) -> None:
    make_rating(owner, make_movie(603))

    answer = stranger_api.get(PATH)

    assert answer.status == 404
    assert answer.code == "rating_not_found"


def test_it_deletes_nobody_elses(owner: User, stranger_api: Api) -> None:
    make_rating(owner, make_movie(603))

    assert stranger_api.delete(PATH).status == 404
    assert Rating.objects.exists()


def test_it_takes_back(owner: User, owner_api: Api) -> None:
    make_rating(owner, make_movie(603))

    assert owner_api.delete(PATH).status == 204
    assert owner_api.delete(PATH).status == 404
    assert owner_api.get(PATH).status == 404


def test_it_wants_a_member(api: Api) -> None:
    make_movie(603)

    assert api.get(PATH).status == 401
    assert api.put(PATH, {"stars": 4}).status == 401
    assert api.delete(PATH).status == 401


@pytest.mark.parametrize("stars", [0, 5.5, 3.3, "4", True, None])
def test_it_refuses_other_stars(owner_api: Api, stars: object) -> None:
    make_movie(603)

    answer = owner_api.put(PATH, {"stars": stars})

    assert answer.status == 400
    assert "stars" in answer.json["errors"]


@pytest.mark.usefixtures("tmdb")
def test_it_stores_a_film_that_only_tmdb_knows(owner_api: Api) -> None:
    answer = owner_api.put(PATH, {"stars": 4})

    assert answer.status == 201
    assert answer.json["movie"]["title"] == "The Matrix"


@pytest.mark.usefixtures("tmdb")
@pytest.mark.parametrize("movie_id", [999_999, 0, 2**31])
def test_it_does_not_find_an_unknown_film(owner_api: Api, movie_id: int) -> None:
    answer = owner_api.put(f"/api/movies/{movie_id}/rating/", {"stars": 4})

    assert answer.status == 404


def test_it_says_when_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    assert owner_api.put(PATH, {"stars": 4}).status == 503


@pytest.mark.django_db(transaction=True)
def test_it_keeps_one_rating_under_simultaneous_requests(owner: User) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[lambda api=api: api.put(PATH, {"stars": 4}) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert Rating.objects.count() == 1
