from functools import partial

import pytest

from nexus.accounts.models import ModerationEntry, Session, User
from nexus.accounts.operations import record_moderation
from nexus.playlists.models import Playlist
from nexus.ratings.models import Rating
from tests.builders import NOW, PASSWORD, make_movie, make_playlist, make_rating
from tests.client import Answer, Api
from tests.together import together
from tests.tokens import sign_in, use

ME = "/api/profiles/me/"
RIGHT = {"password": PASSWORD}


def test_it_works(owner: User, owner_api: Api, api: Api) -> None:
    answer = owner_api.delete(ME, RIGHT)

    assert answer.status == 204
    assert owner_api.get(ME).code == "session_ended"
    assert api.get("/api/profiles/owner/").status == 404
    assert api.post("/api/auth/login/", RIGHT | {"username": "owner"}).status == 401
    assert not User.objects.filter(pk=owner.pk).exists()


def test_it_takes_all_that_is_theirs(
    owner: User, owner_api: Api, stranger: User
) -> None:
    movie = make_movie()
    for user in (owner, stranger):
        make_rating(user, movie)
        make_playlist(user)

    owner_api.delete(ME, RIGHT)

    assert [rating.user for rating in Rating.objects.all()] == [stranger]
    assert [playlist.owner for playlist in Playlist.objects.all()] == [stranger]
    assert not Session.objects.exists()


def test_it_keeps_what_a_moderator_did(moderator: User, moderator_api: Api) -> None:
    record_moderation(
        actor=moderator, action="hide", subject="rating 1", reason="Spam", now=NOW
    )

    moderator_api.delete(ME, RIGHT)

    assert ModerationEntry.objects.get().actor is None


def test_it_wants_the_password(owner: User, owner_api: Api) -> None:
    answer = owner_api.delete(ME, {"password": "wrong-horse-7"})

    assert answer.status == 400
    assert answer.field_code("password") == "wrong_password"
    assert User.objects.filter(pk=owner.pk).exists()


@pytest.mark.parametrize("body", [None, {}, {"password": None}, {"password": 7}, []])
def test_it_refuses_bad_bodies(owner: User, owner_api: Api, body: object) -> None:
    assert owner_api.delete(ME, body).status == 400
    assert User.objects.filter(pk=owner.pk).exists()


def test_it_wants_a_member(api: Api) -> None:
    assert api.delete(ME, RIGHT).status == 401


def test_it_frees_address_and_username(owner_api: Api, api: Api) -> None:
    owner_api.delete(ME, RIGHT)

    again = {"name": "O", "username": "owner", "email": "owner@example.org"}
    assert api.post("/api/auth/register/", again | RIGHT).status == 201


@pytest.mark.django_db(transaction=True)
def test_it_happens_once(owner: User) -> None:
    access = sign_in()["access"]
    api = Api()
    api.headers = {"Authorization": f"Bearer {access}"}

    answers = together(*[partial(api.delete, ME, RIGHT)] * 6)

    assert sorted(answer.status for answer in answers) == [204] + [401] * 5
    assert use(access).status == 401


@pytest.mark.django_db(transaction=True)
def test_it_does_not_come_back_by_a_change_at_the_same_moment(owner_api: Api) -> None:
    def change() -> Answer:
        return owner_api.patch(ME, {"bio": "I stay."})

    answers = together(partial(owner_api.delete, ME, RIGHT), *[change] * 5)

    assert answers[0].status == 204
    assert {answer.status for answer in answers[1:]} <= {200, 401}
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_may_meet_a_sign_in(owner: User, owner_api: Api) -> None:
    login = RIGHT | {"username": "owner"}

    answers = together(
        partial(owner_api.delete, ME, RIGHT),
        *[partial(Api().post, "/api/auth/login/", login)] * 5,
    )

    assert answers[0].status == 204
    assert {answer.status for answer in answers[1:]} <= {200, 401}
    assert not Session.objects.exists()
