"""One caller of all asks; those who come meanwhile share what becomes of it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from pytest_django import Settings

from nexus.catalog import cache, flight
from nexus.catalog.flight import FLIGHTS, Lead
from nexus.catalog.operations import MovieNotFound, UnknownMovie
from nexus.lib.errors import NexusError
from nexus.tmdb import (
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotFound,
    TmdbPersonNotFound,
    TmdbThrottled,
    TmdbTimeout,
    TmdbUnavailable,
)
from tests.catalog.errands import LIMIT_S, Errand, wait_until, waits
from tests.servers import free_port
from tests.together import together
from tests.valkey_process import ValkeyProcess

FAILURES = [
    TmdbKeyRejected(),
    TmdbNonsense("Nonsense."),
    TmdbNotFound("No film."),
    TmdbPersonNotFound("Nobody."),
    TmdbThrottled("Slower.", retry_after_s=9),
    TmdbTimeout("Late.", retry_after_s=3),
    TmdbUnavailable("Down.", retry_after_s=77),
]
OF_OURS = [MovieNotFound(7), UnknownMovie("No film 7.", field="movies")]


def failure_of(call: Callable[[], object]) -> NexusError:
    with pytest.raises(NexusError) as raised:
        call()
    return raised.value


def told_by(call: Callable[[], str]) -> str:
    try:
        return call()
    except NexusError as error:
        return str(error)


def same(error: NexusError, other: NexusError) -> bool:
    def facts(one: NexusError) -> tuple[object, ...]:
        return type(one), one.code, str(one), getattr(one, "retry_after_s", None)

    return facts(error) == facts(other)


@pytest.fixture
def errand() -> Errand:
    return Errand()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def is_free(key: str) -> bool:
    """Say whether one could lead now."""
    is_mine, token = flight.take(key)
    if is_mine:
        flight.release(key, token)
    return is_mine


def test_it_works(errand: Errand) -> None:
    assert errand.once() == "fetched"
    assert errand.once() == "fetched"

    assert len(errand.leads) == 1
    assert is_free("key")


def test_of_many_threads_one_leads(errand: Errand) -> None:
    call = errand.fetch_when(others=49)

    assert together(*[call] * 50) == ["fetched"] * 50

    assert len(errand.leads) == 1
    assert FLIGHTS.under_way == {}


def test_other_keys_do_not_wait(pool: ThreadPoolExecutor, errand: Errand) -> None:
    errand.go.clear()
    first = pool.submit(errand.once)
    wait_until(lambda: bool(errand.leads))

    assert Errand(key="another").once() == "fetched"

    errand.go.set()
    assert first.result() == "fetched"


def test_who_waited_reads_what_is_stored(errand: Errand) -> None:
    errand.find = lambda: errand.stored and "read"  # type: ignore[method-assign]

    answers = together(*[errand.fetch_when(others=7)] * 8)

    assert sorted(answers) == ["fetched"] + ["read"] * 7


def test_what_cannot_be_stored_is_shared_as_it_is(errand: Errand) -> None:
    errand.find = lambda: None  # type: ignore[method-assign]

    assert together(*[errand.fetch_when(others=7)] * 8) == ["fetched"] * 8


def test_it_looks_once_more_before_asking(errand: Errand) -> None:
    errand.stored = "stored meanwhile"

    assert errand.once() == "stored meanwhile"

    assert errand.leads == []


@pytest.mark.parametrize("error", [*FAILURES, *OF_OURS])
def test_a_failure_is_everybodys(errand: Errand, error: NexusError) -> None:
    errand.error = error

    call = errand.fetch_when(others=49)
    raised = together(*[partial(failure_of, call)] * 50)

    assert all(same(one, error) for one in raised)
    assert len({id(one) for one in raised}) == 50
    assert len(errand.leads) == 1


def test_that_the_leader_had_no_time_is_no_answer_for_others(errand: Errand) -> None:
    errand.fails_once = TmdbBusy("Late.")

    answers = together(*[partial(told_by, errand.fetch_when(others=7))] * 8)

    assert sorted(answers) == ["Late.", *["fetched"] * 7]
    assert len(errand.leads) == 2


@pytest.mark.parametrize("error", [TmdbUnavailable("Down."), ZeroDivisionError()])
def test_a_failure_is_not_remembered(errand: Errand, error: Exception) -> None:
    errand.error = error
    with pytest.raises(type(error)):
        errand.once()
    errand.error = None

    assert errand.once() == "fetched"

    assert len(errand.leads) == 2


def test_who_waits_for_too_long_gives_up(
    pool: ThreadPoolExecutor, errand: Errand
) -> None:
    errand.go.clear()
    leader = pool.submit(errand.once)
    wait_until(lambda: bool(errand.leads))

    with pytest.raises(TmdbTimeout):
        errand.once(patience_s=0.02)

    errand.go.set()
    assert leader.result() == "fetched"


def test_finding_that_fails_frees_the_key(errand: Errand) -> None:
    def find() -> str | None:
        raise ZeroDivisionError

    errand.find = find  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        errand.once()

    assert is_free("key")
    assert FLIGHTS.under_way == {}


# Between processes


def together_in_processes(
    errand: Errand, pool: ThreadPoolExecutor
) -> list[Future[str]]:
    """Have eight processes ask; return when one of them leads and seven wait."""
    before = waits()
    errand.go.clear()
    calls = [pool.submit(errand.in_own_process) for _ in range(8)]
    wait_until(lambda: waits() - before == 7)
    errand.go.set()
    return calls


def test_of_many_processes_one_leads(pool: ThreadPoolExecutor, errand: Errand) -> None:
    calls = together_in_processes(errand, pool)

    assert [call.result() for call in calls] == ["fetched"] * 8
    assert len(errand.leads) == 1
    assert is_free("key")


@pytest.mark.parametrize("error", FAILURES)
def test_a_failure_is_that_of_all_processes(
    pool: ThreadPoolExecutor, errand: Errand, error: NexusError
) -> None:
    errand.error = error

    calls = together_in_processes(errand, pool)

    assert all(same(failure_of(call.result), error) for call in calls)
    assert len(errand.leads) == 1


def test_that_its_leader_had_no_time_is_no_answer_for_other_processes(
    pool: ThreadPoolExecutor, errand: Errand
) -> None:
    errand.fails_once = TmdbBusy("Late.")

    calls = together_in_processes(errand, pool)

    answers = [told_by(call.result) for call in calls]
    assert sorted(answers) == ["Late.", *["fetched"] * 7]
    assert len(errand.leads) == 2


def test_no_process_that_comes_later_hears_of_a_failure(errand: Errand) -> None:
    errand.error = TmdbUnavailable("Down.")
    failure_of(errand.in_own_process)
    errand.error = None

    assert errand.in_own_process() == "fetched"


def test_after_a_failure_of_our_own_the_next_process_tries(
    pool: ThreadPoolExecutor, errand: Errand
) -> None:
    """A bug or a lost database says nothing of TMDb."""
    errand.error = ZeroDivisionError()

    calls = together_in_processes(errand, pool)

    assert all(type(call.exception()) is ZeroDivisionError for call in calls)
    assert len(errand.leads) == 8


def test_a_process_that_waits_for_too_long_gives_up(errand: Errand) -> None:
    flight.take("key")

    with pytest.raises(TmdbBusy):
        errand.in_own_process(patience_s=0.02)

    assert errand.leads == []


LEADER = """
import sys
import django

django.setup()
from nexus.catalog import flight

flight.LEASE_S = 2.0
print(flight.take("key")[0], flush=True)
sys.stdin.read()
"""


def test_the_next_one_leads_when_a_process_died(
    pool: ThreadPoolExecutor, errand: Errand
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEADER],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "nexus.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == b"True\n"
        before = waits()
        follower = pool.submit(errand.in_own_process)
        wait_until(lambda: waits() > before)

        leader.kill()

    assert follower.result() == "fetched"
    assert len(errand.leads) == 1


def test_a_late_leader_overwrites_nothing_newer(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flight, "LEASE_S", 0.05)
    late, next_one = KeepingErrand(value="older"), KeepingErrand(value="newer")
    late.go.clear()
    first = pool.submit(late.in_own_process)
    wait_until(lambda: bool(late.leads))

    assert next_one.in_own_process() == "newer"
    late.go.set()

    assert first.result() == "older"
    assert cache.read("key") == "newer"


class KeepingErrand(Errand):
    """Keeps what it fetches as one who leads should."""

    def fetch(self, lead: Lead) -> str:
        value = super().fetch(lead)
        cache.write("key", value=value, keep_s=LIMIT_S, token=lead.token)
        return value


def test_a_late_leader_does_not_free_his_successors_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flight, "LEASE_S", 0.05)
    _, late = flight.take("key")
    wait_until(lambda: is_free("key"))
    monkeypatch.setattr(flight, "LEASE_S", LIMIT_S)
    is_mine, token = flight.take("key")

    flight.release("key", late)

    assert is_mine
    assert not is_free("key")
    assert late < token
    flight.release("key", token)
    assert is_free("key")


# Without Valkey


@pytest.mark.parametrize("has_valkey", [False, True])
def test_without_valkey_threads_of_one_process_share(
    settings: Settings, errand: Errand, has_valkey: bool
) -> None:
    there = f"valkey://127.0.0.1:{free_port()}/0"  # where nothing listens
    settings.VALKEY_URL = there if has_valkey else ""

    answers = together(*[errand.fetch_when(others=15)] * 16)

    assert answers == ["fetched"] * 16
    assert errand.leads == [Lead("key", None)]


def test_without_valkey_a_failure_is_everybodys(
    settings: Settings, errand: Errand
) -> None:
    settings.VALKEY_URL = ""
    errand.error = TmdbNonsense("Nonsense.")

    raised = together(*[partial(failure_of, errand.fetch_when(others=7))] * 8)

    assert {type(one) for one in raised} == {TmdbNonsense}
    assert len(errand.leads) == 1


def test_it_does_not_wait_for_a_valkey_that_went_away(
    pool: ThreadPoolExecutor, settings: Settings, errand: Errand
) -> None:
    with ValkeyProcess() as server:
        settings.VALKEY_URL = server.url
        flight.take("key")
        before = waits()
        call = pool.submit(errand.once)
        wait_until(lambda: waits() > before)

        server.kill()

        assert call.result(timeout=LIMIT_S) == "fetched"
    assert errand.leads == [Lead("key", None)]
