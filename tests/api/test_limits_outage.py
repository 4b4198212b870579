"""What the limits do while Valkey is away, and once it is back."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.api.buckets import LOCAL, give_back, take
from nexus.api.limits import LOGIN_ADDRESS, WRONG_ACCOUNT, Limit
from tests.builders import PASSWORD
from tests.client import Answer, Api
from tests.slow_limits import SLOW
from tests.valkey_process import ValkeyProcess

HOURLY = Limit("hourly", 5, 3600)


@pytest.fixture(autouse=True)
def server(settings: Settings) -> Iterator[ValkeyProcess]:
    settings.RATE_LIMITS = True
    with ValkeyProcess() as process:
        settings.VALKEY_URL = process.url
        yield process


@pytest.fixture
def slow_logins(settings: Settings) -> None:
    """Have the account's bucket alone decide, and none refill during a test."""
    many = {"login-address": replace(LOGIN_ADDRESS, quota=1000)}
    settings.CHANGED_LIMITS = SLOW | many


def log_in(password: str = "wrong-1") -> Answer:
    body = {"username": "owner", "password": password}
    return Api().post("/api/auth/login/", body)


def guess_until_refused() -> int:
    """Return how many passwords were looked at."""
    for looked_at in range(100):
        if log_in().status == 429:
            return looked_at
    raise AssertionError("it never refused")


def wait_until_shared() -> None:
    give_up_at = monotonic() + 20
    while not take(HOURLY, "another").is_shared:
        assert monotonic() < give_up_at


def test_reads_go_on_with_the_whole_quota(server: ValkeyProcess, api: Api) -> None:
    server.kill()

    answer = api.get("/api/genres/")

    assert answer.status == 200
    assert answer.headers["RateLimit-Policy"] == '"anonymous";q=300;w=60'


def test_what_guards_secrets_gets_half_of_its_quota(
    server: ValkeyProcess, owner: User
) -> None:
    server.kill()

    answer = log_in()

    assert answer.headers["RateLimit-Policy"] == (
        '"anonymous";q=300;w=60, "login-address";q=15;w=60, '
        '"wrong-password-address";q=250;w=86400, "login-account";q=5;w=60, '
        '"wrong-password-account";q=50;w=86400'
    )


def test_so_does_registering(server: ValkeyProcess, api: Api) -> None:
    server.kill()

    answer = api.post("/api/auth/register/", {})

    assert '"register";q=30;w=3600' in answer.headers["RateLimit-Policy"]


def test_half_of_one_is_one(
    server: ValkeyProcess, owner: User, settings: Settings
) -> None:
    changed = Limit("login-account", 1, 3600, guards_secrets=True)
    settings.CHANGED_LIMITS = {"login-account": changed}
    server.kill()

    assert [log_in().status for _ in range(2)] == [401, 429]


def test_the_whole_quota_counts_where_there_is_no_valkey(
    owner: User, settings: Settings
) -> None:
    settings.VALKEY_URL = ""

    answer = log_in()

    assert '"login-account";q=10;w=60' in answer.headers["RateLimit-Policy"]


@pytest.mark.usefixtures("slow_logins")
def test_guesses_stay_few_when_valkey_dies(server: ValkeyProcess, owner: User) -> None:
    before = guess_until_refused()
    server.kill()
    during = guess_until_refused()
    server.start()  # it has forgotten everything
    wait_until_shared()
    after = guess_until_refused()

    assert (before, during, after) == (10, 5, 10)


@pytest.mark.usefixtures("slow_logins")
def test_guesses_stay_few_when_valkey_hangs(server: ValkeyProcess, owner: User) -> None:
    before = guess_until_refused()
    server.hang()
    during = guess_until_refused()
    server.go_on()
    wait_until_shared()
    after = guess_until_refused()

    assert (before, during, after) == (10, 5, 0)


def test_a_right_password_is_given_back_meanwhile_too(
    server: ValkeyProcess, owner: User
) -> None:
    server.kill()

    answer = log_in(PASSWORD)

    assert answer.status == 200
    assert '"wrong-password-account";r=50' in answer.headers["RateLimit"]


def test_it_gives_nothing_back_to_a_bucket_it_did_not_take_from(
    server: ValkeyProcess,
) -> None:
    taken = take(WRONG_ACCOUNT, "login:owner")
    server.kill()

    given = give_back(taken)

    assert taken.is_shared
    assert given == taken
    assert not LOCAL.buckets


def test_it_gives_back_where_it_took(server: ValkeyProcess) -> None:
    server.kill()
    taken = take(WRONG_ACCOUNT, "login:owner")
    server.start()
    wait_until_shared()

    given = give_back(taken)

    assert (given.is_shared, given.tokens) == (False, 50)
