"""Which tokens open the doors of members."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import AccessToken

from nexus.accounts.models import Session, User
from nexus.accounts.sessions import open_session
from tests.client import Api
from tests.tokens import bearer, sign_in, use


def live_token(user: User) -> AccessToken:
    opened = open_session(user=user, device="", address="", now=timezone.now())
    token = AccessToken()
    token["sub"], token["sid"] = str(user.pk), str(opened.session.pk)
    return token


def unsigned(user: User) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    header = {"alg": "none", "typ": "JWT"}
    return f"{part(header)}.{part(live_token(user).payload)}."


def signed(
    user: User,
    *,
    algorithm: str = "HS256",
    key: str = settings.SECRET_KEY,
    audience: str = "nexus-api",
    issuer: str = "nexus",
) -> str:
    signer = TokenBackend(algorithm, key, audience=audience, issuer=issuer)
    return signer.encode(live_token(user).payload)


def expired(user: User) -> str:
    token = live_token(user)
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


def lacking(claim: str, user: User) -> str:
    token = live_token(user)
    del token[claim]
    return str(token)


def saying(claim: str, value: object, user: User) -> str:
    token = live_token(user)
    token[claim] = value
    return str(token)


BAD: dict[str, Callable[[User], str]] = {
    "unsigned": unsigned,
    "signed by another": lambda user: signed(user, key="k" * 50),
    "signed by another algorithm": lambda user: signed(user, algorithm="HS512"),
    "of another issuer": lambda user: signed(user, issuer="another"),
    "for another audience": lambda user: signed(user, audience="another"),
    "expired": expired,
    "without expiry": lambda user: lacking("exp", user),
    "without session": lambda user: lacking("sid", user),
    "without type": lambda user: lacking("token_type", user),
    "without id": lambda user: lacking("jti", user),
    "a refresh token": lambda user: saying("token_type", "refresh", user),
    "a session that is no id": lambda user: saying("sid", "1 OR 1=1", user),
    "a session of a wrong type": lambda user: saying("sid", {"a": []}, user),
    "rubbish": lambda user: "rubbish",
    "too many parts": lambda user: f"{live_token(user)}.more",
    "cut off": lambda user: str(live_token(user))[:-1],
    "deep": lambda user: base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.x",
    "two words": lambda user: f"{live_token(user)} more",
    "nothing": lambda user: "",
}


@pytest.mark.parametrize("mint", [live_token, signed])
def test_it_works(owner: User, mint: Callable[[User], object]) -> None:
    assert use(str(mint(owner))).json["username"] == "owner"


@pytest.mark.parametrize("name", BAD)
def test_it_refuses(owner: User, name: str) -> None:
    answer = use(BAD[name](owner))

    assert answer.status == 401
    assert answer.code == "token_not_valid"
    assert answer.json["status"] == "error"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scheme", ["Basic b3duZXI6eA==", "Token abc", ""])
def test_it_refuses_other_schemes(api: Api, scheme: str) -> None:
    answer = api.get("/api/user/profile/", headers={"Authorization": scheme})

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_it_takes_the_scheme_in_any_case(api: Api, owner: User) -> None:
    headers = {"Authorization": f"bearer {sign_in()['access']}"}

    assert api.get("/api/user/profile/", headers=headers).status == 200


def test_it_refuses_a_session_we_never_opened(owner: User) -> None:
    answer = use(saying("sid", str(uuid4()), owner))

    assert (answer.status, answer.code) == (401, "session_ended")


def test_it_refuses_members_who_were_shut_out(owner: User) -> None:
    access = sign_in()["access"]
    User.objects.update(is_active=False)

    assert use(access).code == "session_ended"


def test_it_refuses_members_who_left(owner: User) -> None:
    access = sign_in()["access"]
    owner.delete()

    assert use(access).code == "session_ended"


def test_it_refuses_idle_sessions(owner: User) -> None:
    access = sign_in()["access"]
    Session.objects.update(expires_at=timezone.now())

    assert use(access).code == "session_ended"


def test_it_asks_the_database_for_the_role(owner: User) -> None:
    token = sign_in()["access"]
    User.objects.update(role="moderator")

    assert use(token).json["role"] == "moderator"


@pytest.mark.parametrize("path", ["/api/profiles/stranger/", "/api/playlists/"])
def test_it_refuses_bad_tokens_also_where_none_is_needed(
    stranger: User, path: str
) -> None:
    assert bearer("rubbish").get(path).status == 401
