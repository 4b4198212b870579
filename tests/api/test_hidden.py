"""/user/hidden/"""

import pytest

from nexus.accounts.models import User
from nexus.ratings.models import HiddenMovie
from tests.builders import NOW, make_movie
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/user/hidden/"


def hide(api: Api, movie_id: int = 603) -> Answer:
    return api.post(PATH, {"movie": movie_id})


def test_it_works(owner_api: Api) -> None:
    make_movie(603, title="The Matrix")

    added = hide(owner_api)

    assert added.status == 201
    assert added.json["movie"]["title"] == "The Matrix"
    assert owner_api.get(PATH).json["results"] == [added.json]


def test_it_hides_once(owner_api: Api) -> None:
    make_movie(603)
    first = hide(owner_api)

    second = hide(owner_api)

    assert second.status == 200
    assert second.json == first.json


def test_it_shows_again(owner_api: Api) -> None:
    make_movie(603)
    hide(owner_api)

    assert owner_api.delete(f"{PATH}603/").status == 204
    assert owner_api.get(PATH).json["results"] == []


def test_it_does_not_show_again_what_was_not_hidden(owner_api: Api) -> None:
    make_movie(603)

    answer = owner_api.delete(f"{PATH}603/")

    assert answer.status == 404
    assert answer.code == "movie_not_hidden"


def test_it_keeps_the_lists_of_members_apart(owner_api: Api, stranger_api: Api) -> None:
    make_movie(603)
    hide(owner_api)

    assert stranger_api.get(PATH).json["results"] == []
    assert stranger_api.delete(f"{PATH}603/").status == 404
    assert HiddenMovie.objects.exists()


def test_it_wants_a_member(api: Api) -> None:
    assert api.get(PATH).status == 401
    assert hide(api).status == 401
    assert api.delete(f"{PATH}603/").status == 401


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            HiddenMovie.objects.create(user=owner, movie=make_movie(), created_at=NOW)
        counts.append(count_queries(lambda: owner_api.get(PATH, page_size=100)))

    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
def test_it_hides_once_under_simultaneous_requests(owner: User) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[lambda api=api: hide(api) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert HiddenMovie.objects.count() == 1
