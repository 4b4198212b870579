import time
from functools import partial

import pytest
from django.core import mail
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.accounts.one_time import make_token
from tests.builders import PASSWORD, make_user
from tests.client import Answer, Api
from tests.mailbox import code_in, run_jobs
from tests.together import together
from tests.tokens import refresh, sign_in, use

NEW = "battery-staple-8"

pytestmark = pytest.mark.django_db


def ask(email: object) -> Answer:
    return Api().post("/api/auth/password/reset/", {"email": email})


def confirm(token: object, new_password: object = NEW) -> Answer:
    body = {"token": token, "new_password": new_password}
    return Api().post("/api/auth/password/reset/confirm/", body)


def test_it_works(owner: User) -> None:
    asked = ask("Owner@Example.org")
    run_jobs()
    confirmed = confirm(code_in(mail.outbox[0]))

    assert (asked.status, asked.json) == (202, {})
    assert mail.outbox[0].to == ["owner@example.org"]
    assert confirmed.status == 204
    assert sign_in(password=NEW)["user"]["id"] == owner.id


def test_it_answers_known_and_unknown_addresses_alike(owner: User) -> None:
    known, unknown = ask(owner.email), ask("nobody@example.org")
    run_jobs()

    assert (known.status, known.json) == (unknown.status, unknown.json)
    assert set(known.headers) == set(unknown.headers)
    assert [sent.to for sent in mail.outbox] == [["owner@example.org"]]


def test_it_writes_nothing_to_members_who_were_shut_out() -> None:
    banned = make_user(is_active=False)

    ask(banned.email)
    run_jobs()

    assert mail.outbox == []


@pytest.mark.parametrize("email", [None, 7, "", "owner", "own\0er@example.org"])
def test_it_wants_an_address(email: object) -> None:
    assert ask(email).status == 400
    assert ask(email).field_code("email")


def test_it_ends_every_session(owner: User) -> None:
    tokens = sign_in()

    confirm(make_token(owner, "reset-password"))

    assert use(tokens["access"]).code == "session_ended"
    assert refresh(tokens["refresh"]).code == "session_ended"


def test_it_takes_a_code_once(owner: User) -> None:
    token = make_token(owner, "reset-password")
    confirm(token)

    answer = confirm(token, "another-staple-9")

    assert answer.status == 400
    assert answer.field_code("token") == "invalid_token"
    assert sign_in(password=NEW)


def test_it_voids_a_code_when_the_password_changes(owner: User) -> None:
    token = make_token(owner, "reset-password")
    owner.set_password("changed-meanwhile-1")
    owner.save()

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_voids_a_code_after_an_hour(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token(owner, "reset-password")
    later = time.time() + 3601
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_keeps_the_code_after_a_weak_password(owner: User) -> None:
    token = make_token(owner, "reset-password")

    answer = confirm(token, "password123")

    assert answer.field_code("new_password") == "weak_password"
    assert confirm(token).status == 204


@pytest.mark.parametrize("token", ["rubbish", "a:b:c", "é:é:é", None, 7, "", "x" * 501])
def test_it_refuses_rubbish(token: object) -> None:
    answer = confirm(token)

    assert answer.status == 400
    assert answer.field_code("token")


def test_it_refuses_codes_for_another_purpose(owner: User) -> None:
    token = make_token(owner, "verify-email")

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_refuses_codes_of_another_key(owner: User, settings: Settings) -> None:
    token = make_token(owner, "reset-password")
    settings.SECRET_KEY = "k" * 50

    assert confirm(token).field_code("token") == "invalid_token"


@pytest.mark.parametrize("gone", ["left", "shut out"])
def test_it_refuses_codes_of_members_who_are_gone(owner: User, gone: str) -> None:
    token = make_token(owner, "reset-password")
    if gone == "left":
        owner.delete()
    else:
        User.objects.update(is_active=False)

    assert confirm(token).field_code("token") == "invalid_token"


def test_it_leaves_strangers_alone(owner: User, stranger: User) -> None:
    theirs = sign_in("stranger")

    confirm(make_token(owner, "reset-password"))

    assert use(theirs["access"]).status == 200
    assert sign_in("stranger", PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_it_takes_a_code_once_of_simultaneous_uses(owner: User) -> None:
    token = make_token(owner, "reset-password")

    answers = together(*[partial(confirm, token, f"{NEW}{n}") for n in range(6)])

    assert sorted(answer.status for answer in answers) == [204] + [400] * 5


def test_it_refuses_a_code_that_went_to_an_address_of_before(owner: User) -> None:
    code = make_token(owner, "reset-password")
    User.objects.update(email="new@example.org")

    answer = confirm(code)

    assert answer.field_code("token") == "invalid_token"


def test_it_lets_the_member_sign_in_whoever_guesses_elsewhere(
    owner: User, settings: Settings
) -> None:
    settings.RATE_LIMITS = True
    code = make_token(owner, "reset-password")
    for _ in range(11):
        Api().post("/api/auth/login/", {"username": "owner", "password": "wrong-1"})

    confirm(code)

    body = {"username": "owner", "password": NEW}
    assert Api().post("/api/auth/login/", body).status == 200


def test_it_takes_a_code_that_was_signed_with_the_key_of_before(
    owner: User, settings: Settings
) -> None:
    code = make_token(owner, "reset-password")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-key-that-is-quite-as-long-as-needed-1"

    assert confirm(code).status == 204
