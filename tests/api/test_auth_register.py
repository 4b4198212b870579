from functools import partial
from typing import Any

import pytest
from django.core import mail

from nexus.accounts.models import User
from tests.builders import make_user
from tests.client import Answer, Api
from tests.mailbox import run_jobs
from tests.together import together
from tests.tokens import sign_in, use

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada", "email": "ada@example.org", "password": "engine-of-1843"}


def register(**changes: Any) -> Answer:
    return Api().post("/api/auth/register/", ADA | changes)


def test_it_works() -> None:
    answer = register(username="Ada.L")

    assert answer.status == 201
    user = answer.json["user"]
    assert (user["username"], user["name"]) == ("Ada.L", "Ada")
    assert user["email"] == "ada@example.org"
    assert (user["role"], user["is_verified"]) == ("member", False)
    assert user["created_at"].endswith("Z")
    assert set(answer.json) == {
        "user",
        "access",
        "refresh",
        "token_type",
        "expires_in",
    }


def test_it_signs_the_member_in() -> None:
    answer = register()

    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 600
    assert answer.headers["Cache-Control"] == "no-store"
    assert use(answer.json["access"]).status == 200


def test_it_keeps_the_password_as_a_hash_only() -> None:
    register()

    assert ADA["password"] not in User.objects.get().password


def test_it_sends_a_code_to_the_address() -> None:
    register()
    run_jobs()

    (sent,) = mail.outbox
    assert sent.to == ["ada@example.org"]


def test_it_does_not_let_strangers_write_through_our_mail() -> None:
    register(name="Visit evil.example now")
    run_jobs()

    assert "evil.example" not in str(mail.outbox[0].body)


@pytest.mark.parametrize("taken", ["ada@example.org", "ADA@Example.ORG"])
def test_it_refuses_a_taken_address_in_any_case(taken: str) -> None:
    make_user("other", email="ada@example.org")

    answer = register(email=taken)

    assert answer.status == 400
    assert answer.code == "validation_error"
    assert answer.field_code("email") == "unique"
    assert User.objects.count() == 1


@pytest.mark.parametrize("taken", ["countess", "Countess", "me2", "ADMIN", "stats"])
def test_it_refuses_taken_and_reserved_usernames(taken: str) -> None:
    make_user("COUNTESS")
    make_user("me2")

    answer = register(username=taken)

    assert answer.status == 400
    assert answer.field_code("username") == "unique"


@pytest.mark.parametrize("name", ["user_username_unique", "username"])
def test_it_names_the_address_whatever_the_address_says(name: str) -> None:
    make_user("other", email=f"{name}@example.org")

    assert register(email=f"{name}@example.org").field_code("email") == "unique"


@pytest.mark.parametrize(
    "weak", ["short-1", "password123", "8372649501837", "ada@example.org", "x"]
)
def test_it_refuses_weak_passwords(weak: str) -> None:
    answer = register(password=weak)

    assert answer.status == 400
    assert answer.field_code("password") == "weak_password"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "ada", "invalid"),
        ("email", "a" * 250 + "@example.org", "max_length"),
        ("email", 7, "invalid"),
        ("email", None, "null"),
        ("name", "", "blank"),
        ("name", "   ", "blank"),
        ("name", "A" * 101, "max_length"),
        ("name", "Ada\nLovelace", "unprintable"),
        ("name", "\u202eadA", "unprintable"),
        ("name", ["Ada"], "invalid"),
        ("password", "", "blank"),
        ("password", "x" * 257, "max_length"),
        ("password", "engine\0of-1843", "null_characters_not_allowed"),
        ("username", "ab", "min_length"),
        ("username", "a" * 31, "max_length"),
        ("username", "ada lovelace", "invalid"),
        ("username", "ada@example.org", "invalid"),
        ("username", "àda", "invalid"),
    ],
)
def test_it_refuses_bad_values(field: str, value: object, code: str) -> None:
    answer = register(**{field: value})

    assert answer.status == 400
    assert code in {error["code"] for error in answer.json["errors"][field]}


@pytest.mark.parametrize("field", ["name", "email", "password"])
def test_it_names_what_is_missing(field: str) -> None:
    body = {name: value for name, value in ADA.items() if name != field}

    answer = Api().post("/api/auth/register/", body)

    assert answer.field_code(field) == "required"


@pytest.mark.parametrize(
    "password", [" engine of 1843 ", "ключ-от-машины", "🎬🎞️📽️🍿🎟️🎭"]
)
def test_it_takes_passwords_as_they_are(password: str) -> None:
    register(username="ada", password=password)

    assert sign_in("ada", password)["user"]["username"] == "ada"


@pytest.mark.parametrize("name", ["Ada 👩‍💻", "علی‌رضا", "李"])
def test_it_takes_names_of_the_whole_world(name: str) -> None:
    assert register(name=name).json["user"]["name"] == name


@pytest.mark.parametrize(
    ("email", "start"),
    [
        ("ada@example.org", "ada"),
        ("ada+films@example.org", "adafilms"),
        ("al@example.org", "al-"),
        ("'@example.org", "member-"),
        ("stats@example.org", "stats-"),
        (f"{'a' * 64}@example.org", "a" * 23),
    ],
)
def test_it_makes_a_username_from_the_address(email: str, start: str) -> None:
    username = register(email=email).json["user"]["username"]

    assert username.startswith(start)
    assert 3 <= len(username) <= 30


def test_it_makes_another_username_where_the_first_is_taken() -> None:
    make_user("ADA", email="first@example.org")

    answer = register()

    assert answer.status == 201
    assert answer.json["user"]["username"].startswith("ada-")


def test_it_gives_no_powers() -> None:
    answer = register(role="admin", is_verified=True, is_staff=True, id=1)

    assert answer.json["user"]["role"] == "member"
    assert answer.json["user"]["is_verified"] is False


@pytest.mark.django_db(transaction=True)
def test_it_lets_one_of_simultaneous_registrations_have_the_address() -> None:
    answers = together(*[partial(register, username=f"ada{n}") for n in range(8)])

    assert sorted(answer.status for answer in answers) == [201] + [400] * 7
    refused = {one.field_code("email") for one in answers if one.status == 400}
    assert refused == {"unique"}
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_lets_one_of_simultaneous_registrations_have_the_username() -> None:
    emails = [f"ada{n}@example.org" for n in range(8)]

    answers = together(*[partial(register, email=e, username="Ada") for e in emails])

    assert sorted(answer.status for answer in answers) == [201] + [400] * 7
    refused = {one.field_code("username") for one in answers if one.status == 400}
    assert refused == {"unique"}


@pytest.mark.django_db(transaction=True)
def test_it_makes_different_usernames_at_the_same_moment() -> None:
    emails = [f"ada@{n}.example.org" for n in range(8)]

    answers = together(*[partial(register, email=email) for email in emails])

    assert [answer.status for answer in answers] == [201] * 8
    assert len({answer.json["user"]["username"] for answer in answers}) == 8
