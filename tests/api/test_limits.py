from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain
from threading import Barrier
from time import monotonic

import pytest
from django.utils import timezone
from pytest_django import Settings
from redis.crc import key_slot
from rest_framework.exceptions import Throttled

from nexus import valkey
from nexus.accounts import access
from nexus.accounts.models import User
from nexus.accounts.sessions import open_session
from nexus.api.buckets import (
    Charged,
    LocalBuckets,
    charge,
    give_back,
    take,
    take_if_believed,
)
from nexus.api.limits import ANONYMOUS, Limit, network_of
from nexus.api.tokens import token_pair
from tests.builders import make_movie, make_rating
from tests.client import Api
from tests.servers import free_port
from tests.slow_limits import SLOW
from tests.together import together

HOURLY = Limit("hourly", 5, 3600)  # too slow a refill for a test to see


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


def with_token(kind: str, user: User) -> Api:
    """Return the API for somebody with no, a bad or an expired token."""
    api = Api()
    if kind == "bad":
        api.headers = {"Authorization": "Bearer bad"}
    if kind == "expired":
        now = timezone.now()
        opened = open_session(user=user, device="", address="", now=now)
        access = token_pair(opened, now=now - timedelta(hours=1))["access"]
        api.headers = {"Authorization": f"Bearer {access}"}
    return api


@pytest.fixture
def slow(settings: Settings) -> None:
    settings.CHANGED_LIMITS = SLOW


def drain(limit: Limit, caller: str) -> None:
    for _ in range(limit.quota):
        take(limit, caller)


def test_it_works(api: Api) -> None:
    answer = api.get("/api/genres/")

    assert answer.status == 200
    assert answer.headers["RateLimit-Policy"] == '"anonymous";q=300;w=60'
    assert answer.headers["RateLimit"] == '"anonymous";r=299;t=1'


@pytest.mark.usefixtures("slow")
def test_it_refuses_more(api: Api) -> None:
    drain(ANONYMOUS, "127.0.0.1")

    refused = api.get("/api/genres/")

    assert (refused.status, refused.code) == (429, "throttled")
    wait_s = int(refused.headers["Retry-After"])
    assert 200 < wait_s <= 288
    assert refused.headers["RateLimit"] == f'"anonymous";r=0;t={wait_s}'
    assert refused.headers["Cache-Control"] == "no-store"


def test_it_says_nothing_when_off(api: Api, settings: Settings) -> None:
    settings.RATE_LIMITS = False

    answer = api.get("/api/genres/")

    assert "RateLimit" not in answer.headers
    assert "RateLimit-Policy" not in answer.headers


def test_it_counts_bad_requests_too(api: Api) -> None:
    answer = api.get("/api/movies/?colour=blue")

    assert answer.status == 400
    assert answer.headers["RateLimit"] == '"anonymous";r=299;t=1'


def test_it_counts_what_is_forbidden_too(owner: User, stranger_api: Api) -> None:
    rating = make_rating(owner, make_movie())

    answer = stranger_api.delete(f"/api/ratings/{rating.pk}/")

    assert answer.status == 403
    assert answer.headers["RateLimit"] == '"member";r=599;t=1'


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("kind", ["no", "bad", "expired"])
def test_it_counts_refused_tokens_for_the_address(owner: User, kind: str) -> None:
    api = with_token(kind, owner)
    answers = [api.get("/api/user/profile/") for _ in range(2)]

    assert [answer.status for answer in answers] == [401, 401]
    assert answers[1].headers["WWW-Authenticate"] == "Bearer"
    assert answers[1].headers["RateLimit-Policy"] == '"anonymous";q=300;w=86400'
    assert answers[1].headers["RateLimit"].startswith('"anonymous";r=298;')


@pytest.mark.parametrize("kind", ["no", "bad", "expired"])
def test_it_stops_trying_tokens(owner: User, settings: Settings, kind: str) -> None:
    settings.CHANGED_LIMITS = {"anonymous": Limit("anonymous", 3, 3600)}
    api = with_token(kind, owner)

    answers = [api.get("/api/user/profile/") for _ in range(5)]

    assert [answer.status for answer in answers] == [401] * 3 + [429] * 2
    assert Api(owner).get("/api/user/profile/").status == 200


def test_it_spares_the_limit_of_an_operation_that_is_refused(api: Api) -> None:
    answer = api.get("/api/tmdb/search/", query="matrix")

    assert answer.status == 401
    assert answer.headers["RateLimit-Policy"] == '"anonymous";q=300;w=60'


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_it_takes_a_network_of_ipv6_for_one_caller(address: str, caller: str) -> None:
    assert network_of(address) == caller


@pytest.mark.usefixtures("slow")
def test_it_counts_a_network_of_ipv6_as_one(api: Api) -> None:
    left = [
        api.call("get", "/api/genres/", REMOTE_ADDR=address).headers["RateLimit"]
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1")
    ]

    tokens = [text.partition("r=")[2].partition(";")[0] for text in left]
    assert tokens == ["299", "298", "299", "299"]


@pytest.mark.usefixtures("anywhere")
def test_it_heeds_what_the_operator_changed(api: Api, settings: Settings) -> None:
    settings.CHANGED_LIMITS = {"anonymous": Limit("anonymous", 2, 3600)}

    answers = [api.get("/api/genres/") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"anonymous";q=2;w=3600'


@pytest.mark.usefixtures("anywhere")
@pytest.mark.django_db(transaction=True)
def test_it_lets_exactly_the_quota_of_simultaneous_requests_pass(
    settings: Settings, count: Callable[[str], None]
) -> None:
    settings.CHANGED_LIMITS = {"anonymous": Limit("anonymous", 10, 3600)}

    def ask() -> list[int]:
        return [Api().get("/api/genres/").status for _ in range(10)]

    statuses = Counter(chain(*together(*[ask] * 20)))

    assert statuses == {200: 10, 429: 190}
    for status in statuses.elements():
        count(f"of 3 times 200 simultaneous requests at a limit of 10 got {status}")


def test_it_counts_members_by_themselves(owner_api: Api, stranger_api: Api) -> None:
    drain(ANONYMOUS, "127.0.0.1")

    first, second = (one.get("/api/profiles/me/") for one in (owner_api, stranger_api))

    assert first.headers["RateLimit-Policy"] == '"member";q=600;w=60'
    assert (
        first.headers["RateLimit"]
        == second.headers["RateLimit"]
        == '"member";r=599;t=1'
    )


@pytest.mark.usefixtures("slow")
def test_it_spares_the_member_whose_session_has_ended(owner: User) -> None:
    stolen, other = Api(owner), Api(owner)
    stolen.post("/api/auth/logout/")

    refused = stolen.get("/api/profiles/me/")
    answer = other.get("/api/profiles/me/")

    assert (refused.status, refused.code) == (401, "session_ended")
    assert refused.headers["RateLimit-Policy"] == '"anonymous";q=300;w=86400'
    # The other token's version is older now: it is looked up, and counted once.
    assert answer.headers["RateLimit"].startswith('"member";r=598;')


@pytest.mark.usefixtures("anywhere", "slow")
def test_it_counts_every_request_of_a_member_once(owner_api: Api) -> None:
    answers = [owner_api.get("/api/profiles/me/") for _ in range(3)]

    told = [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers]
    assert told == [f'"member";r={left}' for left in (599, 598, 597)]


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
def test_it_takes_back_up_to_the_quota() -> None:
    drain(HOURLY, "caller")
    last = take(HOURLY, "caller")

    given = [give_back(last).tokens for _ in range(7)]

    assert given == pytest.approx([1, 2, 3, 4, 5, 5, 5], abs=0.01)
    assert take(HOURLY, "caller").tokens == pytest.approx(4, abs=0.01)


@pytest.mark.usefixtures("anywhere")
def test_it_keeps_callers_and_limits_apart() -> None:
    drain(HOURLY, "caller")

    assert take(HOURLY, "another").allowed
    assert take(Limit("another", 5, 3600), "caller").allowed


def test_it_tells_the_cache_no_address() -> None:
    take(HOURLY, "to:ada@example.org")
    take(HOURLY, "192.0.2.7")

    held = valkey.ask(lambda client: client.keys("*:hourly:*"))

    assert len(held) == 2
    assert not [name for name in held if b"ada" in name or b"192" in name]


def test_a_cluster_would_keep_a_member_on_one_machine() -> None:
    access.publish(user_id=7, version=1)
    belief = access.belief(user_id=7, version=1)
    assert belief is not None
    assert take_if_believed(HOURLY, "7", belief)

    held = valkey.ask(lambda client: client.keys("nexus:*"))
    slots = [key_slot(name) for name in held if isinstance(name, bytes)]

    assert len(slots) == 2
    assert len(set(slots)) == 1


@pytest.mark.usefixtures("anywhere")
def test_it_fills_up_again() -> None:
    quick = Limit("quick", 2, 1)
    drain(quick, "caller")
    give_up_at = monotonic() + 20

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


@pytest.mark.usefixtures("slow")
def test_it_slows_down_asking_for_mails(db: None) -> None:
    body = {"email": "a@example.org"}
    answers = [Api().post("/api/auth/password/reset/", body) for _ in range(6)]

    assert [answer.status for answer in answers] == [202] * 5 + [429]


@pytest.mark.usefixtures("slow")
def test_it_slows_down_guessing_by_a_stolen_token(owner_api: Api) -> None:
    change = {"current_password": "wrong-1", "new_password": "battery-staple-8"}
    statuses = []

    for _ in range(6):
        statuses += [owner_api.post("/auth/password/change/", change).status]
        statuses += [owner_api.delete("/profiles/me/", {"password": "x"}).status]

    assert statuses == [400] * 10 + [429] * 2


@pytest.mark.usefixtures("slow")
def test_it_slows_down_registering(db: None) -> None:
    statuses = [Api().post("/api/auth/register/", {}).status for _ in range(61)]

    assert statuses == [400] * 60 + [429]
