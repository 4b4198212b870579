from typing import ClassVar

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from pytest_django import Settings

from nexus.accounts.models import User
from tests.builders import PASSWORD, make_user
from tests.client import Api
from tests.tokens import sign_in, use

LOGIN = "/api/auth/login/"


def test_it_works(api: Api, owner: User) -> None:
    answer = api.post(LOGIN, {"email": owner.email, "password": PASSWORD})

    assert answer.status == 200
    assert answer.json["user"]["username"] == "owner"
    assert answer.json["token_type"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert use(answer.json["access"]).json["id"] == owner.id


@pytest.mark.parametrize(
    "path", [LOGIN, "/api/auth/token/", "/auth/token", "/auth/login"]
)
@pytest.mark.parametrize(
    "login",
    [
        {"email": "owner@example.org"},
        {"email": " OWNER@Example.org "},
        {"username": "owner"},
        {"username": "OWNER"},
        {"username": "owner@example.org"},
        {"email": "owner"},
    ],
)
def test_it_knows_address_and_username(
    api: Api, owner: User, path: str, login: dict[str, str]
) -> None:
    answer = api.post(path, login | {"password": PASSWORD})

    assert answer.json["user"]["id"] == owner.id


@pytest.mark.parametrize(
    "login", ["owner", "nobody", "owner@example.org", "%", "o_ner"]
)
def test_it_refuses_unknown_and_wrong_alike(api: Api, owner: User, login: str) -> None:
    answer = api.post(LOGIN, {"username": login, "password": PASSWORD + "x"})

    assert answer.status == 401
    assert answer.code == "invalid_credentials"
    assert answer.json["message"] == "No account matches this name and password."
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


class NotingHasher(MD5PasswordHasher):
    algorithm = "noting"
    noted: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.noted.append(password)
        return super().encode(password, salt)


@pytest.mark.parametrize("login", ["owner", "nobody"])
def test_it_hashes_for_unknown_names_too(
    api: Api, settings: Settings, login: str
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.NotingHasher"]
    make_user("owner")
    NotingHasher.noted.clear()

    api.post(LOGIN, {"username": login, "password": "wrong-1"})

    assert NotingHasher.noted == ["wrong-1"]


def test_it_refuses_members_who_were_shut_out(api: Api) -> None:
    make_user("banned", is_active=False)

    answer = api.post(LOGIN, {"username": "banned", "password": PASSWORD})

    assert (answer.status, answer.code) == (401, "invalid_credentials")


def test_it_wants_a_name(api: Api) -> None:
    answer = api.post(LOGIN, {"password": PASSWORD})

    assert answer.status == 400
    assert answer.field_code("email") == "required"


@pytest.mark.parametrize(
    "body",
    [
        {"email": "", "password": PASSWORD},
        {"email": None, "password": PASSWORD},
        {"username": 7, "password": PASSWORD},
        {"username": "owner"},
        {"username": "owner", "password": 7},
        {"username": "own\0er", "password": PASSWORD},
        {"username": "o" * 255, "password": PASSWORD},
        [],
    ],
)
def test_it_refuses_bad_bodies(api: Api, body: object) -> None:
    answer = api.post(LOGIN, body)

    assert (answer.status, answer.code) == (400, "validation_error")


def test_it_opens_a_session_each_time(owner: User) -> None:
    first, second = sign_in(), sign_in()

    assert first["refresh"] != second["refresh"]
    assert owner.sessions.count() == 2


def test_it_remembers_when(owner: User) -> None:
    sign_in()

    owner.refresh_from_db()
    assert owner.last_login is not None


def test_it_improves_an_old_hash(owner: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    sign_in()

    owner.refresh_from_db()
    assert owner.password.startswith("scrypt$")
