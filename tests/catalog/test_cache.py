"""What the catalogue keeps, in Valkey or in the process; nothing old replaces newer."""

from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic, time
from typing import Any

import pytest
from pytest_django import Settings

from nexus import valkey
from nexus.catalog import aside, cache
from nexus.catalog.aside import Freshness
from tests.builders import NOW
from tests.servers import free_port
from tests.together import together

LONG_S = 1_000.0
DAYS = Freshness(timedelta(days=1), timedelta(days=2))


def write(key: str, value: object, **options: Any) -> None:
    cache.write(key, value=value, **{"keep_s": LONG_S} | options)


@pytest.fixture
def down(settings: Settings) -> None:
    settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"


@pytest.fixture(params=["shared", "alone", "down"])
def place(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Where it is kept: in Valkey, or in the process."""
    if request.param == "alone":
        settings.VALKEY_URL = ""
    if request.param == "down":
        request.getfixturevalue("down")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "value", [0, "", [], {"a": (1, 2.5)}, datetime(2026, 1, 1, tzinfo=UTC), b"\0\xff"]
)
def test_it_works(value: object) -> None:
    write("key", value)

    assert cache.read("key") == value
    assert cache.read("another") is None


@pytest.mark.usefixtures("place")
def test_the_last_write_counts() -> None:
    write("key", "old")
    write("key", "new")

    assert cache.read("key") == "new"


@pytest.mark.usefixtures("place")
def test_what_is_read_is_a_copy() -> None:
    write("key", [1])

    cache.read("key").append(2)

    assert cache.read("key") == [1]


@pytest.mark.usefixtures("place")
def test_it_forgets() -> None:
    write("key", "value")

    cache.forget("key")
    cache.forget("never-kept")

    assert cache.read("key") is None


@pytest.mark.usefixtures("place")
def test_it_keeps_no_longer_than_told() -> None:
    write("key", "value", keep_s=0.05)

    give_up_at = monotonic() + 20
    while cache.read("key") is not None:
        assert monotonic() < give_up_at


@pytest.mark.usefixtures("place")
def test_one_of_many_claims_a_key() -> None:
    claim = partial(cache.claim, "key", keep_s=LONG_S)

    assert sum(together(*[claim] * 16)) == 1
    assert not claim()
    assert cache.claim("another", keep_s=LONG_S)


@pytest.mark.usefixtures("place")
def test_a_claim_ends() -> None:
    assert cache.claim("key", keep_s=0.05)

    give_up_at = monotonic() + 20
    while not cache.claim("key", keep_s=LONG_S):
        assert monotonic() < give_up_at


# Fencing: a token is a moment, in microseconds


def test_an_older_token_replaces_nothing() -> None:
    write("key", "newer", token=2_000)

    write("key", "older", token=1_000)

    assert cache.read("key") == "newer"


@pytest.mark.parametrize("token", [2_000, 3_000])
def test_a_token_as_new_replaces(token: int) -> None:
    write("key", "first", token=2_000)

    write("key", "second", token=token)

    assert cache.read("key") == "second"


def test_without_a_token_it_is_as_of_now() -> None:
    a_minute_us = 60_000_000
    now_us = int(time() * 1_000_000)
    write("key", "now")

    write("key", "older", token=now_us - a_minute_us)
    assert cache.read("key") == "now"

    write("key", "newer", token=now_us + a_minute_us)
    assert cache.read("key") == "newer"


def test_what_was_asked_for_earlier_replaces_nothing() -> None:
    def ask() -> str:
        write("key", "newer")
        return "older"

    aside.refresh("key", DAYS, ask=ask, now=NOW)

    assert cache.read("key") == "newer"


def test_what_is_refused_is_not_kept_longer() -> None:
    write("key", "newer", token=2_000, keep_s=10)

    write("key", "older", token=1_000, keep_s=LONG_S)

    name = cache.name_of("key")
    assert valkey.ask(lambda client: client.ttl(name)) <= 10


def test_what_was_forgotten_has_no_token() -> None:
    write("key", "newer", token=2_000)
    cache.forget("key")

    write("key", "older", token=1_000)

    assert cache.read("key") == "older"


# Valkey, with or without


def test_another_version_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write("key", "value")
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)

    assert cache.read("key") is None


def test_it_is_shared_where_it_can_be() -> None:
    write("key", "value")
    cache.LOCAL.clear()

    assert cache.read("key") == "value"


@pytest.mark.usefixtures("down")
def test_it_goes_on_alone_when_valkey_goes_away() -> None:
    write("key", "ours")

    assert cache.read("key") == "ours"
    assert not cache.answers()


def test_what_was_kept_alone_does_not_hide_what_is_shared(settings: Settings) -> None:
    url = settings.VALKEY_URL
    settings.VALKEY_URL = ""
    write("key", "ours")
    settings.VALKEY_URL = url

    assert cache.read("key") is None
    assert cache.answers()


def test_it_answers_where_there_is_no_valkey(settings: Settings) -> None:
    settings.VALKEY_URL = ""

    assert cache.answers()
