"""/ratings/{id}/"""

import pytest

from nexus.accounts.models import User, Visibility
from nexus.ratings.models import Rating
from tests.builders import make_movie, make_rating
from tests.client import Api
from tests.together import together

pytestmark = pytest.mark.django_db

WRITES = [("put", {"stars": 1}), ("patch", {"stars": 1}), ("delete", None)]


def path_of(rating: Rating) -> str:
    return f"/api/ratings/{rating.pk}/"


def test_it_works(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie(603), stars=3, review="Fine.")

    answer = owner_api.get(path_of(rating))

    assert answer.status == 200
    assert answer.json["id"] == rating.pk
    assert answer.json["movie"]["id"] == 603
    assert answer.json["review"] == "Fine."


def test_it_shows_a_public_members_rating_to_anyone(api: Api, owner: User) -> None:
    rating = make_rating(owner, make_movie(), review="Fine.")

    answer = api.get(path_of(rating))

    assert answer.status == 200
    assert answer.json["review"] == "Fine."


@pytest.mark.parametrize(("method", "body"), [("get", None), *WRITES])
def test_it_hides_a_private_members_rating(
    owner: User, stranger_api: Api, method: str, body: object
) -> None:
    User.objects.update(visibility=Visibility.PRIVATE)
    rating = make_rating(owner, make_movie())

    answer = stranger_api.call(method, path_of(rating), body=body)

    assert answer.status == 404
    assert answer.code == "rating_not_found"
    assert Rating.objects.get().stars == 4


def test_it_shows_a_private_member_their_own(owner: User, owner_api: Api) -> None:
    User.objects.update(visibility=Visibility.PRIVATE)
    rating = make_rating(owner, make_movie())

    assert owner_api.get(path_of(rating)).status == 200


def test_it_hides_what_a_blocked_member_wrote(api: Api, owner: User) -> None:
    User.objects.update(is_active=False)
    rating = make_rating(owner, make_movie())

    assert api.get(path_of(rating)).status == 404


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_it_refuses_the_writes_of_others(
    owner: User, stranger_api: Api, method: str, body: object
) -> None:
    rating = make_rating(owner, make_movie())

    answer = stranger_api.call(method, path_of(rating), body=body)

    assert answer.status == 403
    assert answer.code == "permission_denied"
    assert Rating.objects.get().stars == 4


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_it_refuses_the_writes_of_moderators(
    owner: User, moderator_api: Api, method: str, body: object
) -> None:
    rating = make_rating(owner, make_movie())

    assert moderator_api.call(method, path_of(rating), body=body).status == 403


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_it_wants_a_member_to_write(
    owner: User, api: Api, method: str, body: object
) -> None:
    rating = make_rating(owner, make_movie())

    assert api.call(method, path_of(rating), body=body).status == 401


@pytest.mark.parametrize("rating_id", [1, 2**63 - 1, 2**63, 10**30, "x", "-1"])
def test_it_does_not_find_what_is_absent(owner_api: Api, rating_id: object) -> None:
    assert owner_api.get(f"/api/ratings/{rating_id}/").status == 404


def test_put_keeps_a_review_that_is_left_out(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie(), review="Fine.")

    answer = owner_api.put(path_of(rating), {"stars": 5})

    assert answer.status == 200
    assert answer.json["stars"] == 5
    assert answer.json["review"] == "Fine."
    assert owner_api.get(path_of(rating)).json == answer.json


def test_put_demands_stars(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie())

    answer = owner_api.put(path_of(rating), {"review": "Good."})

    assert answer.field_code("stars") == "required"


def test_patch_changes_a_part(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie(), stars=3, review="Fine.")

    answer = owner_api.patch(path_of(rating), {"review": "Great."})

    assert answer.status == 200
    assert answer.json["stars"] == 3
    assert answer.json["review"] == "Great."


@pytest.mark.parametrize("nothing", [None, ""])
def test_patch_removes_a_review(
    owner: User, owner_api: Api, nothing: str | None
) -> None:
    rating = make_rating(owner, make_movie(), review="Fine.")

    answer = owner_api.patch(path_of(rating), {"review": nothing})

    assert answer.json["review"] is None


@pytest.mark.parametrize("body", [{"stars": None}, {"stars": 6}, ["stars"], "stars"])
def test_patch_refuses_what_is_no_rating(
    owner: User, owner_api: Api, body: object
) -> None:
    rating = make_rating(owner, make_movie())

    assert owner_api.patch(path_of(rating), body).status == 400


def test_delete_takes_it_back(owner: User, owner_api: Api) -> None:
    rating = make_rating(owner, make_movie())

    assert owner_api.delete(path_of(rating)).status == 204
    assert owner_api.get(path_of(rating)).status == 404
    assert owner_api.delete(path_of(rating)).status == 404


@pytest.mark.django_db(transaction=True)
def test_it_changes_and_deletes_at_the_same_moment(owner: User) -> None:
    rating = make_rating(owner, make_movie())
    apis = [Api(owner) for _ in range(8)]
    calls = [lambda api=api: api.patch(path_of(rating), {"stars": 1}) for api in apis]
    calls[4:] = [lambda api=api: api.delete(path_of(rating)) for api in apis[4:]]

    answers = together(*calls)

    assert {answer.status for answer in answers} <= {200, 204, 404}
    assert not Rating.objects.exists()
