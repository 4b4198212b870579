import math

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import Rating
from tests.builders import make_movie
from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db


def rate(api: Api, movie_id: int = 603, stars: object = 4, **more: object) -> Answer:
    return api.post("/api/ratings/", {"movie": movie_id, "stars": stars} | more)


def test_it_works(owner_api: Api) -> None:
    make_movie(603, title="The Matrix")

    answer = rate(owner_api, stars=4.5, review="Whoa.", contains_spoilers=True)

    assert answer.status == 201
    assert answer.json["movie"]["title"] == "The Matrix"
    assert answer.json["user"] == {"username": "owner"}
    assert answer.json["stars"] == 4.5
    assert answer.json["review"] == "Whoa."
    assert answer.json["contains_spoilers"] is True
    assert answer.json["is_hidden"] is False
    assert answer.json["created_at"].endswith("Z")


def test_it_replaces_the_earlier_rating(owner_api: Api) -> None:
    make_movie(603)
    first = rate(owner_api, stars=2)

    second = rate(owner_api, stars=5)

    assert (first.status, second.status) == (201, 200)
    assert second.json["id"] == first.json["id"]
    assert second.json["created_at"] == first.json["created_at"]
    assert second.json["updated_at"] > first.json["updated_at"]
    assert Rating.objects.get().stars == 5


def test_it_keeps_a_review_that_is_left_out(owner_api: Api) -> None:
    make_movie(603)
    rate(owner_api, review="Whoa.", contains_spoilers=True)

    answer = rate(owner_api, stars=5)

    assert answer.json["review"] == "Whoa."
    assert answer.json["contains_spoilers"] is True


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_it_removes_a_review(owner_api: Api, nothing: str | None) -> None:
    make_movie(603)
    rate(owner_api, review="Whoa.")

    answer = rate(owner_api, review=nothing)

    assert answer.json["review"] is None


@pytest.mark.parametrize("half_stars", range(1, 11))
def test_it_takes_halves(owner_api: Api, half_stars: int) -> None:
    make_movie(603)

    answer = rate(owner_api, stars=half_stars / 2)

    assert answer.status == 201
    assert answer.json["stars"] == half_stars / 2


@pytest.mark.parametrize(
    ("stars", "code"),
    [
        (0, "min_value"),
        (0.25, "min_value"),
        (-1, "min_value"),
        (5.5, "max_value"),
        (2**64, "max_value"),
        (4.3, "halves"),
        (4.5000001, "halves"),
        ("4", "invalid"),
        (True, "invalid"),
        ([4], "invalid"),
        (None, "null"),
    ],
)
def test_it_refuses_other_stars(owner_api: Api, stars: object, code: str) -> None:
    make_movie(603)

    answer = rate(owner_api, stars=stars)

    assert answer.status == 400
    assert answer.code == "validation_error"
    assert answer.field_code("stars") == code
    assert not Rating.objects.exists()


@pytest.mark.parametrize("stars", [math.nan, math.inf, 10**400])
def test_it_refuses_what_is_no_number(owner_api: Api, stars: float) -> None:
    make_movie(603)

    answer = rate(owner_api, stars=stars)

    assert answer.status == 400
    assert answer.code == "parse_error"


def test_it_demands_stars(owner_api: Api) -> None:
    answer = owner_api.post("/api/ratings/", {"movie": 603})

    assert answer.field_code("stars") == "required"


@pytest.mark.parametrize(
    ("review", "code"),
    [
        ("x" * 200_000, "max_length"),
        ("x" * 10_001, "max_length"),
        ("a\0b", "null_characters_not_allowed"),
        (5, "invalid"),
        (["text"], "invalid"),
    ],
)
def test_it_refuses_impossible_reviews(
    owner_api: Api, review: object, code: str
) -> None:
    make_movie(603)

    answer = rate(owner_api, review=review)

    assert answer.status == 400
    assert answer.field_code("review") == code


def test_it_refuses_half_letters(owner_api: Api) -> None:
    make_movie(603)

    answer = rate(owner_api, review="\ud800")

    assert answer.status == 400


def test_it_keeps_every_letter_of_a_review(owner_api: Api) -> None:
    make_movie(603)
    review = "Ünï­cödé 🎬\u202e<script>'; DROP TABLE" + "é" * 9_900

    answer = rate(owner_api, review=review)

    assert answer.json["review"] == review


@pytest.mark.parametrize("movie", ["603", 603.5, True, 0, -1, 2**31, None, [603]])
def test_it_refuses_what_is_no_id(owner_api: Api, movie: object) -> None:
    answer = owner_api.post("/api/ratings/", {"movie": movie, "stars": 4})

    assert answer.status == 400
    assert "movie" in answer.json["errors"]


def test_it_stores_a_film_that_only_tmdb_knows(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    answer = rate(owner_api, 603)

    assert answer.status == 201
    assert answer.json["movie"]["title"] == "The Matrix"
    assert tmdb.calls["/movie/603"] == 1


@pytest.mark.usefixtures("tmdb")
def test_it_does_not_find_a_film_that_tmdb_does_not_know(owner_api: Api) -> None:
    answer = rate(owner_api, 999_999)

    assert answer.status == 404
    assert answer.code == "movie_not_found"


def test_it_does_not_find_an_unknown_film_without_tmdb(owner_api: Api) -> None:
    answer = rate(owner_api, 999_999)

    assert answer.status == 404
    assert answer.code == "movie_not_found"


def test_it_says_when_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    answer = rate(owner_api, 603)

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert not Rating.objects.exists()


def test_it_rates_a_stored_film_while_tmdb_is_down(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    make_movie(603)
    tmdb.fail("503")

    assert rate(owner_api, 603).status == 201


def test_it_wants_a_member(api: Api) -> None:
    answer = rate(api)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.django_db(transaction=True)
def test_it_keeps_one_rating_under_simultaneous_requests(owner: User) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]
    calls = [
        lambda api=api, stars=place / 2: rate(api, stars=stars)
        for place, api in enumerate(apis, start=1)
    ]

    answers = together(*calls)

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert Rating.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("tmdb")
def test_it_keeps_one_rating_of_a_film_that_is_being_stored(owner: User) -> None:
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[lambda api=api: rate(api, 603) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert Rating.objects.get().movie_id == 603


@pytest.mark.django_db(transaction=True)
def test_it_takes_simultaneous_ratings_of_one_film(owner: User, stranger: User) -> None:
    make_movie(603)
    apis = [Api(owner), Api(stranger)] * 4

    answers = together(*[lambda api=api: rate(api) for api in apis])

    assert {answer.status for answer in answers} == {200, 201}
    assert Rating.objects.count() == 2
