from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from time import monotonic

import pytest
from pytest_django import Settings
from rest_framework.exceptions import Throttled

from nexus.accounts.models import User
from nexus.api.limits import ANONYMOUS, Charged, Limit, LocalBuckets, charge, take
from tests.builders import PASSWORD
from tests.client import Answer, Api
from tests.servers import free_port
from tests.together import together

HOURLY = Limit("hourly", 5, 3600)  # too slow a refill for a test to see
LOGIN, RESET = "/api/auth/login/", "/api/auth/password/reset/"


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.RATE_LIMITS = True


@pytest.fixture(params=["shared", "local", "shared but down"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Repeat the test with each place the buckets may be in."""
    if request.param == "local":
        settings.VALKEY_URL = ""
    if request.param == "shared but down":
        settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"


def log_in(username: str = "owner", **changes: str) -> Answer:
    body = {"username": username, "password": "wrong-1"}
    return Api().post(LOGIN, body | changes)


def drain(limit: Limit, caller: str) -> None:
    for _ in range(limit.quota):
        take(limit, caller)


def test_it_works(api: Api) -> None:
    answer = api.get("/api/genres/")

    assert answer.status == 200
    assert answer.headers["RateLimit-Policy"] == '"anonymous";q=300;w=60'
    assert answer.headers["RateLimit"] == '"anonymous";r=299;t=1'


def test_it_refuses_more(api: Api) -> None:
    drain(ANONYMOUS, "127.0.0.1")

    answers = [api.get("/api/genres/") for _ in range(20)]

    refused = next(answer for answer in answers if answer.status != 200)
    assert (refused.status, refused.code) == (429, "throttled")
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["RateLimit"] == '"anonymous";r=0;t=1'
    assert refused.headers["Cache-Control"] == "no-store"


def test_it_says_nothing_when_off(api: Api, settings: Settings) -> None:
    settings.RATE_LIMITS = False

    answer = api.get("/api/genres/")

    assert "RateLimit" not in answer.headers
    assert "RateLimit-Policy" not in answer.headers


@pytest.mark.parametrize("status", [401, 400])
def test_it_counts_failures_too(api: Api, status: int) -> None:
    path = "/api/user/profile/" if status == 401 else "/api/movies/?colour=blue"

    answer = api.get(path)

    assert answer.status == status
    assert ("RateLimit" in answer.headers) == (status == 400)


def test_it_counts_members_by_themselves(owner_api: Api, stranger_api: Api) -> None:
    drain(ANONYMOUS, "127.0.0.1")

    first, second = (one.get("/api/profiles/me/") for one in (owner_api, stranger_api))

    assert first.headers["RateLimit-Policy"] == '"member";q=600;w=60'
    assert (
        first.headers["RateLimit"]
        == second.headers["RateLimit"]
        == '"member";r=599;t=1'
    )


@pytest.mark.usefixtures("anywhere")
def test_it_lets_exactly_the_quota_pass() -> None:
    passed = [take(HOURLY, "caller").allowed for _ in range(8)]

    assert passed == [True] * 5 + [False] * 3


@pytest.mark.usefixtures("anywhere")
def test_it_lets_exactly_the_quota_pass_at_once() -> None:
    barrier = Barrier(8)

    def use(_: int) -> int:
        barrier.wait()
        return sum(take(HOURLY, "caller").allowed for _ in range(4))

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(use, range(8)))

    assert passed == 5


@pytest.mark.usefixtures("anywhere")
def test_it_keeps_callers_and_limits_apart() -> None:
    drain(HOURLY, "caller")

    assert take(HOURLY, "another").allowed
    assert take(Limit("another", 5, 3600), "caller").allowed


@pytest.mark.usefixtures("anywhere")
def test_it_fills_up_again() -> None:
    quick = Limit("quick", 2, 1)
    drain(quick, "caller")
    give_up_at = monotonic() + 5

    while not take(quick, "caller").allowed:
        assert monotonic() < give_up_at


def test_it_refills_evenly_up_to_the_quota() -> None:
    buckets, limit = LocalBuckets(), Limit("ten a minute", 10, 60)
    for _ in range(10):
        buckets.take(limit, "caller", now_s=0)

    after_5_s = buckets.take(limit, "caller", now_s=5)
    after_6_s = buckets.take(limit, "caller", now_s=6)
    after_a_day = buckets.take(limit, "caller", now_s=86_400)

    assert [one.allowed for one in (after_5_s, after_6_s, after_a_day)] == [0, 1, 1]
    assert after_5_s.wait_s == pytest.approx(1)
    assert after_a_day.tokens == 9


def test_it_says_how_long_to_wait() -> None:
    told: list[Charged] = []
    drain(HOURLY, "caller")

    with pytest.raises(Throttled) as caught:
        charge(HOURLY, "caller", told=told)

    assert caught.value.get_codes() == "throttled"
    (refused,) = told
    assert not refused.allowed
    assert 700 < refused.wait_s <= 720


def test_it_forgets_the_longest_unused_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LocalBuckets, "LIMIT", 2)
    buckets = LocalBuckets()

    for caller in ("a", "b", "a", "c"):
        buckets.take(HOURLY, caller, now_s=0)

    assert buckets.take(HOURLY, "a", now_s=0).tokens == 2
    assert buckets.take(HOURLY, "b", now_s=0).tokens == 4


@pytest.mark.usefixtures("anywhere")
def test_it_slows_down_guessing_at_one_account(owner: User) -> None:
    answers = [log_in() for _ in range(12)]

    assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 6
    assert log_in("stranger").status == 401


def test_it_tells_the_limits_of_a_login(owner: User) -> None:
    answer = log_in(password=PASSWORD)

    assert answer.headers["RateLimit-Policy"] == (
        '"anonymous";q=300;w=60, "login-address";q=30;w=60, "login-account";q=10;w=60'
    )
    assert answer.headers["RateLimit"].count("r=") == 3


def test_it_counts_an_account_in_any_case(owner: User) -> None:
    names = ["owner", "OWNER", "Owner", " owner "] * 3

    assert [log_in(name).status for name in names] == [401] * 10 + [429] * 2


@pytest.mark.parametrize("known", [True, False])
def test_it_counts_unknown_accounts_alike(owner: User, known: bool) -> None:
    name = "owner" if known else "nobody"

    assert [log_in(name).status for _ in range(11)] == [401] * 10 + [429]


def test_it_slows_down_guessing_from_one_address(db: None) -> None:
    statuses = [log_in(f"member{n}").status for n in range(31)]

    assert statuses == [401] * 30 + [429]


def test_it_slows_down_asking_for_mails(db: None) -> None:
    answers = [Api().post(RESET, {"email": "a@example.org"}) for _ in range(11)]

    assert [answer.status for answer in answers] == [202] * 10 + [429]


def test_it_slows_down_guessing_by_a_stolen_token(owner_api: Api) -> None:
    change = {"current_password": "wrong-1", "new_password": "battery-staple-8"}
    statuses = []

    for _ in range(6):
        statuses += [owner_api.post("/auth/password/change/", change).status]
        statuses += [owner_api.delete("/profiles/me/", {"password": "x"}).status]

    assert statuses == [400] * 10 + [429] * 2


def test_it_slows_down_registering(db: None) -> None:
    statuses = [Api().post("/api/auth/register/", {}).status for _ in range(61)]

    assert statuses == [400] * 60 + [429]


@pytest.mark.django_db(transaction=True)
def test_it_holds_for_simultaneous_logins(owner: User) -> None:
    answers = together(*[partial(log_in, password=PASSWORD)] * 16)

    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 6
