"""Which tokens open the doors of members."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from nexus.accounts.models import User
from nexus.accounts.sessions import open_session
from nexus.api.tokens import AccessToken, access_token, key_ring, signing_key
from tests.client import Api
from tests.tokens import bearer, sign_in, use

OUR_KEY = key_ring((settings.SECRET_KEY,)).newest


def live_token(user: User) -> AccessToken:
    now = timezone.now()
    return access_token(
        open_session(user=user, device="", address="", now=now), now=now
    )


def unsigned(user: User) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    header = {"alg": "none", "typ": "JWT"}
    return f"{part(header)}.{part(live_token(user).payload)}."


def signed(
    user: User,
    *,
    algorithm: str = "HS256",
    secret: str = settings.SECRET_KEY,
    named: str | None = OUR_KEY,
    **changes: str,
) -> str:
    claims = live_token(user).payload | {"aud": "nexus-api", "iss": "nexus"} | changes
    headers = {} if named is None else {"kid": named}
    return jwt.encode(claims, signing_key(secret), algorithm, headers=headers)


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
    "signed by another": lambda user: signed(user, secret="k" * 50),
    "signed by a key without name": lambda user: signed(user, named=None),
    "signed by a key we never had": lambda user: signed(user, named="00000000"),
    "signed by another algorithm": lambda user: signed(user, algorithm="HS512"),
    "of another issuer": lambda user: signed(user, iss="another"),
    "for another audience": lambda user: signed(user, aud="another"),
    "expired": expired,
    "without expiry": lambda user: lacking("exp", user),
    "without member": lambda user: lacking("sub", user),
    "without role": lambda user: lacking("role", user),
    "without version": lambda user: lacking("ver", user),
    "of a role we do not have": lambda user: saying("role", "owner", user),
    "of a version that is no number": lambda user: saying("ver", "newest", user),
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


@pytest.mark.parametrize("path", ["/api/profiles/stranger/", "/api/playlists/"])
def test_it_refuses_bad_tokens_also_where_none_is_needed(
    stranger: User, path: str
) -> None:
    assert bearer("rubbish").get(path).status == 401
