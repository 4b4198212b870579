"""Guessing passwords is slow for whoever guesses; the owner still gets in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import monotonic

import pytest
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts.hashing import TooManyPasswords
from nexus.accounts.models import Session, User
from nexus.accounts.sessions import open_session
from nexus.api.buckets import Charged, LocalBuckets, take
from nexus.api.limits import (
    LOGIN_ACCOUNT,
    LOGIN_ADDRESS,
    WRONG_ACCOUNT,
    WRONG_ADDRESS,
    Limit,
)
from nexus.api.login_guard import guard_password, spelled_alike
from tests.api.test_auth_login import NotingHasher
from tests.builders import PASSWORD, make_user
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.slow_limits import SLOW
from tests.together import together

HOME, NEXT_DOOR, ABROAD = "198.51.100.7", "198.51.100.99", "203.0.113.7"


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.RATE_LIMITS = True
    settings.CHANGED_LIMITS = SLOW


@pytest.fixture(params=["shared", "local"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Repeat the test with each place the buckets may be in."""
    if request.param == "local":
        settings.VALKEY_URL = ""


@pytest.fixture
def at_home(owner: User) -> None:
    """Have the owner signed in at home."""
    open_session(user=owner, device="", address=HOME, now=timezone.now())


def log_in(
    username: str = "owner", *, password: str = "wrong-1", address: str = ABROAD
) -> Answer:
    body = {"username": username, "password": password}
    return Api().call("post", "/api/auth/login/", body=body, REMOTE_ADDR=address)


def guess(times: int, **options: str) -> list[int]:
    return [log_in(**options).status for _ in range(times)]


def use_up(limit: Limit, caller: str) -> None:
    for _ in range(limit.quota):
        take(limit, caller)


def left_in(answer: Answer, limit: Limit) -> int:
    """Return the tokens that the answer tells of."""
    _, _, told = answer.headers["RateLimit"].partition(f'"{limit.name}";r=')
    return int(told.partition(";")[0])


@pytest.mark.usefixtures("anywhere")
def test_it_slows_down_guessing_at_one_account(owner: User) -> None:
    answers = [log_in() for _ in range(12)]

    assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
    assert 8000 < int(answers[-1].headers["Retry-After"]) <= 8640
    assert log_in("stranger").status == 401


def test_it_tells_the_limits(owner: User, settings: Settings) -> None:
    settings.CHANGED_LIMITS = {}

    answer = log_in()

    assert answer.headers["RateLimit-Policy"] == (
        '"anonymous";q=300;w=60, "login-address";q=30;w=60, '
        '"wrong-password-address";q=500;w=86400, "login-account";q=10;w=60, '
        '"wrong-password-account";q=100;w=86400'
    )
    assert answer.headers["RateLimit"].count("r=") == 5


def test_it_counts_an_account_in_any_case(owner: User) -> None:
    names = ["owner", "OWNER", "Owner", " owner "] * 3

    assert [log_in(name).status for name in names] == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    "spelling", ["nick", "NICK", "n\u0131ck", "nic\u212a", "\uff4eick"]
)
def test_it_takes_spellings_of_one_name_for_one(spelling: str) -> None:
    assert spelled_alike(spelling) == "nick"


@pytest.mark.parametrize("known", [True, False])
def test_it_counts_unknown_accounts_alike(owner: User, known: bool) -> None:
    name = "owner" if known else "nobody"

    assert guess(11, username=name) == [401] * 10 + [429]


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("address", [HOME, ABROAD])
def test_it_asks_as_much_about_unknown_accounts(address: str) -> None:
    known, unknown = (
        count_queries(partial(log_in, name, address=address))
        for name in ("owner", "nobody")
    )

    assert known == unknown


def test_it_slows_down_guessing_from_one_address(db: None) -> None:
    statuses = [log_in(f"member{n}").status for n in range(31)]

    assert statuses == [401] * 30 + [429]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("anywhere")
def test_it_looks_at_no_more_of_simultaneous_guesses(
    settings: Settings, count: Callable[[str], None]
) -> None:
    settings.PASSWORD_HASHERS = ["tests.api.test_auth_login.NotingHasher"]
    make_user("owner")
    NotingHasher.noted.clear()
    calls = [partial(log_in, address=f"203.0.113.{n}") for n in range(40)]

    statuses = sorted(answer.status for answer in together(*calls))

    assert statuses == [401] * 10 + [429] * 30
    assert NotingHasher.noted == ["wrong-1"] * 10
    for _ in NotingHasher.noted:
        count("of 2 times 40 simultaneous wrong passwords were looked at")


@pytest.mark.usefixtures("anywhere")
def test_it_lets_in_again_after_a_while(owner: User, settings: Settings) -> None:
    settings.CHANGED_LIMITS = {
        "login-account": replace(LOGIN_ACCOUNT, quota=2, window_s=1),
        "login-address": replace(LOGIN_ADDRESS, quota=10_000),
    }
    guess(3)
    give_up_at = monotonic() + 20

    while log_in(password=PASSWORD, address=HOME).status != 200:
        assert monotonic() < give_up_at


def test_a_day_of_guessing_lets_in_again_after_a_quarter_of_an_hour() -> None:
    buckets = LocalBuckets()
    for _ in range(WRONG_ACCOUNT.quota):
        buckets.take(WRONG_ACCOUNT, "login:owner", now_s=0)

    early = buckets.take(WRONG_ACCOUNT, "login:owner", now_s=863)
    later = buckets.take(WRONG_ACCOUNT, "login:owner", now_s=864)

    assert (early.allowed, later.allowed) == (False, True)


@pytest.mark.usefixtures("anywhere")
def test_it_counts_the_wrong_passwords_of_a_day(owner: User) -> None:
    use_up(WRONG_ACCOUNT, "login:owner")

    answer = log_in()

    assert answer.status == 429
    assert 800 < int(answer.headers["Retry-After"]) <= 864
    assert log_in("stranger").status == 401


@pytest.mark.usefixtures("anywhere")
def test_it_counts_the_wrong_passwords_of_an_address(owner: User) -> None:
    use_up(WRONG_ADDRESS, ABROAD)

    answer = log_in(password=PASSWORD)

    assert answer.status == 429
    assert '"login-account"' not in answer.headers["RateLimit"]
    assert log_in(password=PASSWORD, address=HOME).status == 200


@pytest.mark.usefixtures("anywhere")
def test_it_does_not_count_right_passwords(owner: User) -> None:
    wrong = log_in()
    right = [log_in(password=PASSWORD) for _ in range(3)]

    assert [left_in(one, WRONG_ADDRESS) for one in (wrong, *right)] == [499] * 4
    assert [left_in(one, WRONG_ACCOUNT) for one in (wrong, right[0])] == [99, 99]


@pytest.mark.usefixtures("anywhere")
def test_it_counts_no_guess_that_it_refused(owner: User) -> None:
    answers = [log_in() for _ in range(20)]

    assert answers[-1].status == 429
    assert left_in(answers[-1], WRONG_ADDRESS) == 490
    assert left_in(log_in("stranger"), WRONG_ADDRESS) == 489


@pytest.mark.usefixtures("anywhere", "at_home")
@pytest.mark.parametrize("limit", [LOGIN_ACCOUNT, WRONG_ACCOUNT])
def test_a_stranger_cannot_keep_the_owner_out_at_home(limit: Limit) -> None:
    use_up(limit, "login:owner")

    assert log_in(password=PASSWORD, address=ABROAD).status == 429
    assert log_in(password=PASSWORD, address=HOME).status == 200
    assert log_in(password=PASSWORD, address=NEXT_DOOR).status == 200


@pytest.mark.usefixtures("at_home")
def test_a_stranger_cannot_spell_the_bucket_of_the_owners_home() -> None:
    for name in ("login-from:198.51.100.0/24:owner", "owner}", "{owner"):
        guess(11, username=name)

    assert log_in(password=PASSWORD, address=HOME).status == 200


@pytest.mark.usefixtures("at_home")
def test_it_slows_down_guessing_at_home_too() -> None:
    assert guess(12, address=HOME) == [401] * 10 + [429] * 2
    assert log_in(password=PASSWORD, address=ABROAD).status == 200


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("name", ["owner@example.org", "OWNER", " owner "])
def test_it_knows_home_by_any_name(name: str) -> None:
    use_up(LOGIN_ACCOUNT, f"login:{name.strip().lower()}")

    assert log_in(name, password=PASSWORD, address=HOME).status == 200


@pytest.mark.usefixtures("at_home")
def test_the_home_of_one_is_not_that_of_another(stranger: User) -> None:
    use_up(LOGIN_ACCOUNT, "login:stranger")

    assert log_in("stranger", password=PASSWORD, address=HOME).status == 429


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(("days", "status"), [(59, 200), (61, 429)])
def test_it_remembers_home_for_two_months(days: int, status: int) -> None:
    Session.objects.update(last_used_at=timezone.now() - timedelta(days=days))
    use_up(LOGIN_ACCOUNT, "login:owner")

    assert log_in(password=PASSWORD, address=HOME).status == status


def test_it_knows_no_home_without_an_address(owner: User) -> None:
    open_session(user=owner, device="", address="unix:", now=timezone.now())
    use_up(LOGIN_ACCOUNT, "login:owner")

    assert log_in(password=PASSWORD, address="unix:").status == 429


def test_who_is_sent_away_unheard_has_not_guessed() -> None:
    told: list[Charged] = []

    for _ in range(3):
        with (
            pytest.raises(TooManyPasswords),
            guard_password(user_id=1, told=told),
        ):
            raise TooManyPasswords("Come again.")

    left = {one.limit.name: round(one.tokens) for one in told}
    assert left == {one.name: one.quota for one in (LOGIN_ACCOUNT, WRONG_ACCOUNT)}
