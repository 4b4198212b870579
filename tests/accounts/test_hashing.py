"""Passwords take much memory to hash: few are at a time, and few wait."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Lock

import pytest
from django.conf import settings as nexus_settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client
from pytest_django import Settings

from nexus.accounts.hashing import (
    AT_A_TIME,
    RETRY_AFTER_S,
    TURNS,
    Argon2InTurn,
    TooManyPasswords,
    Turns,
)
from nexus.accounts.models import Role, User
from tests.builders import PASSWORD, make_user
from tests.client import Api

LOGIN = "/api/auth/login/"
PLACES = nexus_settings.PASSWORD_PLACES
IN_TURN = ["nexus.accounts.hashing.Argon2InTurn"]


@pytest.fixture
def crowd() -> Iterator[None]:
    """Have all places taken by others."""
    with ExitStack() as stack:
        for _ in range(PLACES):
            assert TURNS.within.acquire(blocking=False)
            stack.callback(TURNS.within.release)
        yield


def test_what_was_stored_before_is_read_as_ever() -> None:
    before = Argon2PasswordHasher().encode("correct-horse-7", "saltsaltsalt")

    assert Argon2InTurn().verify("correct-horse-7", before)
    assert not Argon2InTurn().verify("wrong", before)


def test_no_more_than_a_few_are_hashed_at_a_time() -> None:
    turns, lock = Turns(PLACES), Lock()
    now = most = 0

    def hash_one() -> None:
        nonlocal now, most
        with turns.one():
            with lock:
                now += 1
                most = max(most, now)
            Argon2PasswordHasher().encode("correct-horse-7", "saltsaltsalt")
            with lock:
                now -= 1

    with ThreadPoolExecutor(PLACES) as pool:
        for done in [pool.submit(hash_one) for _ in range(PLACES)]:
            done.result()

    assert most == AT_A_TIME


def test_whoever_comes_when_too_many_wait_is_refused_and_all_others_served() -> None:
    turns, over = Turns(PLACES), Event()

    def take() -> None:
        with turns.one():
            assert over.wait(30)

    with ThreadPoolExecutor(PLACES) as pool:
        done = [pool.submit(take) for _ in range(PLACES)]
        while turns.within._value:
            pass
        with pytest.raises(TooManyPasswords), turns.one():
            pass
        over.set()
        for one in done:
            one.result()
    with turns.one():
        pass


@pytest.mark.django_db
@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("login", ["owner", "nobody"])
def test_a_sign_in_then_says_when_to_come_again(
    settings: Settings, api: Api, owner: User, login: str
) -> None:
    settings.PASSWORD_HASHERS = IN_TURN

    answer = api.post(LOGIN, {"username": login, "password": PASSWORD})

    assert (answer.status, answer.json["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == str(RETRY_AFTER_S)


@pytest.mark.django_db
@pytest.mark.usefixtures("crowd")
def test_a_new_member_is_not_half_made(settings: Settings, api: Api) -> None:
    settings.PASSWORD_HASHERS = IN_TURN
    told = {"email": "new@example.org", "name": "New", "password": PASSWORD}

    answer = api.post("/api/auth/register/", told)

    assert answer.status == 503
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("crowd")
def test_the_administration_says_so_too(settings: Settings) -> None:
    admin = make_user("chief", role=Role.ADMIN)
    settings.PASSWORD_HASHERS = IN_TURN
    sent = {"username": admin.email, "password": PASSWORD}

    answer = Client(raise_request_exception=False).post("/admin/login/", sent)

    assert answer.status_code == 503
