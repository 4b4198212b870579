"""Which access tokens are believed, and how soon a change is seen."""

from datetime import timedelta

import jwt
import pytest
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from nexus import valkey
from nexus.accounts import access, sessions
from nexus.accounts.models import Role, Session, User
from nexus.accounts.roles import change_role
from tests.builders import PASSWORD
from tests.query_count import count_queries
from tests.servers import free_port
from tests.tokens import bearer, refresh, sign_in, use
from tests.valkey_process import ValkeyProcess

FEED = "/api/user/hidden/"
NEW_PASSWORD = {"current_password": PASSWORD, "new_password": "battery-staple-8"}


@pytest.fixture(params=["on", "off"], autouse=True)
def limits(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Repeat each test without limits: with them Valkey is asked for both at once."""
    settings.RATE_LIMITS = request.param == "on"


@pytest.fixture(params=["valkey", "no valkey", "valkey down"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> None:
    if request.param == "no valkey":
        settings.VALKEY_URL = ""
    if request.param == "valkey down":
        settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"


def forget_versions() -> None:
    valkey.ask(lambda client: client.flushdb())


def test_it_believes_a_token_without_asking_who_it_is(owner: User) -> None:
    api = bearer(sign_in()["access"])

    believed = count_queries(lambda: api.get(FEED))
    forget_versions()
    looked_up = count_queries(lambda: api.get(FEED))
    again = count_queries(lambda: api.get(FEED))

    assert (looked_up, again) == (believed + 1, believed)


def test_it_asks_each_time_without_a_shared_cache(
    owner: User, settings: Settings
) -> None:
    settings.VALKEY_URL = ""
    api = bearer(sign_in()["access"])

    first, second = (count_queries(lambda: api.get(FEED)) for _ in range(2))

    assert first == second == 2


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("path", "how", "body", "ends"),
    [
        ("/api/auth/logout/", "post", None, [True, False]),
        ("/api/auth/sessions/", "delete", None, [False, True]),
        ("/api/auth/password/change/", "post", NEW_PASSWORD, [False, True]),
        ("/api/profiles/me/", "delete", {"password": PASSWORD}, [True, True]),
    ],
    ids=["log out", "end the others", "change the password", "close the account"],
)
def test_it_refuses_an_ended_session_at_once(
    owner: User,
    method: str,
    path: str,
    how: str,
    body: object,
    ends: list[bool],
) -> None:
    mine, other = bearer(sign_in()["access"]), bearer(sign_in()["access"])
    assert mine.get(FEED).status == other.get(FEED).status == 200

    mine.call(how, path, body=body)

    unused: dict[str, int] | None = {} if method == "post" else None
    answers = [api.call(method, FEED, body=unused) for api in (mine, other)]
    assert [answer.status == 401 for answer in answers] == ends


@pytest.mark.usefixtures("anywhere")
def test_it_sees_a_new_role_at_once(owner: User) -> None:
    api = bearer(sign_in()["access"])
    assert api.get("/api/user/profile/").json["role"] == "member"

    with TestCase.captureOnCommitCallbacks(execute=True):
        change_role(
            actor=None, user_id=owner.pk, role=Role.MODERATOR, now=timezone.now()
        )

    assert api.get("/api/user/profile/").json["role"] == "moderator"


def test_it_sees_what_happened_while_the_cache_was_down(
    owner: User, settings: Settings
) -> None:
    with ValkeyProcess() as server:
        settings.VALKEY_URL = server.url
        mine, other = sign_in()["access"], sign_in()["access"]
        server.hang()
        bearer(mine).delete("/api/auth/sessions/")
        server.go_on()

        answers = [use(token) for token in (mine, other)]

    assert answers[0].status == 200
    assert answers[1].code == "session_ended"


def test_it_never_goes_back_to_an_older_version(owner: User) -> None:
    access.publish(user_id=owner.pk, version=7)

    access.publish(user_id=owner.pk, version=6)

    assert not access.is_believable(user_id=owner.pk, version=6)
    assert access.is_believable(user_id=owner.pk, version=7)


def test_it_signs_no_token_that_outlives_its_session(owner: User) -> None:
    token = sign_in()["refresh"]
    almost_over = timezone.now() - sessions.LONGEST + timedelta(minutes=3)
    Session.objects.update(created_at=almost_over)

    answer = refresh(token)

    claims = jwt.decode(answer.json["access"], options={"verify_signature": False})
    assert 170 <= answer.json["expires_in"] <= 180
    assert claims["exp"] - claims["iat"] == answer.json["expires_in"]


def test_it_tells_what_it_promises(owner: User) -> None:
    token = sign_in()["access"]

    claims = jwt.decode(token, options={"verify_signature": False})

    assert claims["iss"] == "nexus"
    assert claims["aud"] == "nexus-api"
    assert claims["sub"] == str(owner.pk)
    assert claims["sid"] == str(Session.objects.get().pk)
    assert (claims["role"], claims["ver"]) == ("member", 1)
    assert claims["exp"] - claims["iat"] == 600
    assert set(jwt.get_unverified_header(token)) == {"alg", "typ", "kid"}


def test_it_goes_on_with_tokens_of_a_replaced_key(
    owner: User, settings: Settings
) -> None:
    old = sign_in()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-key-that-is-quite-as-long-as-needed-1"

    assert use(old["access"]).status == 200
    new = refresh(old["refresh"])
    assert new.status == 200
    assert refresh(old["refresh"]).json["refresh"] == new.json["refresh"]
    assert kid_of(new.json["access"]) != kid_of(old["access"])


def test_it_gives_the_same_successor_though_the_key_was_just_replaced(
    owner: User, settings: Settings
) -> None:
    old = sign_in()["refresh"]
    first = refresh(old).json["refresh"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-key-that-is-quite-as-long-as-needed-1"

    second = refresh(old)

    assert second.status == 200
    assert secret_of(second.json["refresh"]) == secret_of(first)


def test_it_refuses_tokens_of_a_key_that_was_dropped(
    owner: User, settings: Settings
) -> None:
    old = sign_in()
    settings.SECRET_KEY = "a-key-that-is-quite-as-long-as-needed-1"

    assert use(old["access"]).code == "token_not_valid"
    assert refresh(old["refresh"]).code == "token_not_valid"


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def secret_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["secret"])
