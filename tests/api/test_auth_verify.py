import pytest
from django.utils import timezone

from nexus.accounts.models import Session, User
from tests.client import Answer, Api
from tests.tokens import bearer, refresh, sign_in

pytestmark = pytest.mark.django_db


def verify(token: str) -> Answer:
    return Api().post("/api/auth/token/verify/", {"token": token})


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_it_works(owner: User, kind: str) -> None:
    answer = verify(sign_in()[kind])

    assert answer.status == 200
    assert answer.json == {}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("rubbish", ["rubbish", "a.b.c", "..", "é.é.é", "x" * 2000])
def test_it_refuses_rubbish(rubbish: str) -> None:
    answer = verify(rubbish)

    assert (answer.status, answer.code) == (401, "token_not_valid")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_it_refuses_tokens_of_an_ended_session(owner: User, kind: str) -> None:
    tokens = sign_in()
    bearer(tokens["access"]).post("/api/auth/logout/")

    assert verify(tokens[kind]).code == "token_not_valid"


def test_it_refuses_a_spent_refresh_token(owner: User) -> None:
    first = sign_in()
    second = refresh(first["refresh"]).json

    assert verify(first["refresh"]).status == 401
    assert verify(second["refresh"]).status == 200


def test_it_ends_nothing(owner: User) -> None:
    first = sign_in()
    refresh(first["refresh"])

    verify(first["refresh"])

    assert Session.objects.get().ended_at is None


def test_it_refuses_tokens_of_an_expired_session(owner: User) -> None:
    access = sign_in()["access"]
    Session.objects.update(expires_at=timezone.now())

    assert verify(access).status == 401


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": 7}, {"token": ""}])
def test_it_wants_a_token(body: object) -> None:
    assert Api().post("/api/auth/token/verify/", body).field_code("token")
