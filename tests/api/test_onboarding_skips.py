"""/user/onboarding/skips/"""

from functools import partial

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import SkippedMovie
from tests.builders import NOW, make_movie, make_rating
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/user/onboarding/skips/"


def skip(api: Api, movie_id: int = 603) -> Answer:
    return api.post(PATH, {"movie": movie_id})


def test_it_works(owner: User, owner_api: Api) -> None:
    make_movie(603, title="The Matrix")

    added = skip(owner_api)

    assert added.status == 201
    assert added.json["movie"]["title"] == "The Matrix"
    assert added.json["created_at"].endswith("Z")
    assert SkippedMovie.objects.get(user=owner).movie_id == 603


def test_it_skips_once(owner_api: Api) -> None:
    make_movie(603)
    first = skip(owner_api)

    second = skip(owner_api)

    assert second.status == 200
    assert second.json == first.json


def test_it_takes_a_skip_back(owner_api: Api) -> None:
    make_movie(603)
    skip(owner_api)

    assert owner_api.delete(f"{PATH}603/").status == 204
    assert not SkippedMovie.objects.exists()


def test_it_does_not_take_back_what_was_not_skipped(owner_api: Api) -> None:
    make_movie(603)

    answer = owner_api.delete(f"{PATH}603/")

    assert (answer.status, answer.code) == (404, "movie_not_skipped")


def test_it_leaves_a_rating_as_it_is(owner: User, owner_api: Api) -> None:
    make_rating(owner, make_movie(603), stars=4.5)

    assert skip(owner_api).status == 201
    assert owner_api.get("/api/movies/603/rating/").json["stars"] == 4.5


def test_it_keeps_the_skips_of_members_apart(owner_api: Api, stranger_api: Api) -> None:
    make_movie(603)
    skip(owner_api)

    assert stranger_api.delete(f"{PATH}603/").status == 404
    assert stranger_api.get("/api/user/onboarding/").json["skipped"] == 0
    assert skip(stranger_api).status == 201
    assert SkippedMovie.objects.count() == 2


def test_it_wants_a_member(api: Api) -> None:
    assert skip(api).status == 401
    assert api.delete(f"{PATH}603/").status == 401


def test_it_is_no_list(owner_api: Api) -> None:
    assert owner_api.get(PATH).status == 405


def test_it_asks_as_often_after_many_as_after_one(owner: User, owner_api: Api) -> None:
    counts = []
    for n_more in (1, 9):
        for _ in range(n_more):
            SkippedMovie.objects.create(user=owner, movie=make_movie(), created_at=NOW)
        movie = make_movie()
        counts.append(count_queries(partial(skip, owner_api, movie.pk)))

    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
def test_it_skips_once_under_simultaneous_requests(owner: User) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[lambda api=api: skip(api) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert SkippedMovie.objects.count() == 1
