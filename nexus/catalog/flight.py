"""One caller per key asks TMDb; the others, also of other processes, wait for it.

Callers of one process share a flight in memory; the leaders of all processes contend
for a lock in Valkey. Its value is the moment it was taken at, by Valkey's clock: a
fencing token (M. Kleppmann, 2016), so that a leader who slept longer than his lock
cannot overwrite what his successor stored.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from nexus import valkey
from nexus.catalog import metrics
from nexus.lib.errors import NexusError, UnavailableError
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

T = TypeVar("T")

# Longer than a call to TMDb and storing what it said may take together.
LEASE_S: Final = 8.0
POLL_S: Final = 0.02
FAILURE_KEPT_S: Final = 5

# What a leader tells those who wait in other processes, by name. Not TmdbBusy, which
# is his alone: they try themselves.
TELLABLE: Final[dict[str, type[NexusError]]] = {
    kind.__name__: kind
    for kind in (
        TmdbKeyRejected,
        TmdbNonsense,
        TmdbNotFound,
        TmdbPersonNotFound,
        TmdbThrottled,
        TmdbTimeout,
        TmdbUnavailable,
    )
}

TAKE = """
local clock = redis.call('TIME')
local token = clock[1] .. string.format('%06d', tonumber(clock[2]))
if redis.call('SET', KEYS[1], token, 'NX', 'PX', ARGV[1]) then return {1, token} end
return {0, redis.call('GET', KEYS[1])}
"""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class Lead:
    """The right to ask; `token` is None where only this process could be told."""

    key: str
    token: int | None


class Flights:
    """The flights of one process, by key."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.under_way: dict[str, Future[Any]] = {}

    def join(
        self, kind: str, key: str, lead: Callable[[], T], *, patience_s: float
    ) -> tuple[T, bool]:
        """Return what the leader of the key brings, and whether that is the caller.

        Raises what the leader raised, or TmdbTimeout when patience is over.
        """
        give_up_at, mine = time.monotonic() + patience_s, Future[Any]()
        while flight := self.ahead_of(mine, key):
            metrics.WAITS.labels(kind).inc()
            left_s = max(0.0, give_up_at - time.monotonic())
            try:
                return cast("T", follow(flight, patience_s=left_s)), False
            except TmdbBusy:
                # The leader had no time left, or no turn: ours to try.
                if time.monotonic() >= give_up_at:
                    raise
        try:
            found = lead()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(found)
            return found, True
        finally:
            with self.lock:
                del self.under_way[key]

    def ahead_of(self, mine: "Future[Any]", key: str) -> "Future[Any] | None":
        """Return whom to follow; nobody, if the key is ours from now on."""
        with self.lock:
            flight = self.under_way.setdefault(key, mine)
        return None if flight is mine else flight


FLIGHTS = Flights()


def follow(flight: "Future[T]", *, patience_s: float) -> T:
    try:
        return flight.result(timeout=patience_s)
    except TimeoutError as error:
        raise TmdbTimeout("TMDb did not answer in time.") from error
    except NexusError as error:
        raise twin_of(error) from None


def twin_of(error: NexusError) -> NexusError:
    """Return an instance of one's own: raised in many threads, one mixes tracebacks."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    return twin


def once(
    kind: str,
    key: str,
    *,
    find: Callable[[], T | None],
    fetch: Callable[[Lead], T],
    patience_s: float,
) -> T:
    """Return what `find` finds, else what one caller of all processes fetches.

    Raises what either raises, also to those who waited for it.
    """

    def lead() -> T:
        try:
            return lead_all(kind, key, find=find, fetch=fetch, patience_s=patience_s)
        except valkey.ValkeyDown:
            return find_or(fetch, Lead(key, None), find=find)

    brought, is_ours = FLIGHTS.join(kind, key, lead, patience_s=patience_s)
    if is_ours:
        return brought
    found = find()
    return brought if found is None else found


def lead_all(
    kind: str,
    key: str,
    *,
    find: Callable[[], T | None],
    fetch: Callable[[Lead], T],
    patience_s: float,
) -> T:
    """Take the lock and fetch, or wait for who has it; raises ValkeyDown."""
    give_up_at = time.monotonic() + patience_s
    while time.monotonic() < give_up_at:
        is_mine, token = take(key)
        if is_mine:
            return fly(Lead(key, token), find=find, fetch=fetch)
        metrics.WAITS.labels(kind).inc()
        await_landing(key, token, give_up_at=give_up_at)
        found = find()
        if found is not None:
            return found
    raise TmdbBusy("TMDb did not answer in time.")


def fly(lead: Lead, *, find: Callable[[], T | None], fetch: Callable[[Lead], T]) -> T:
    try:
        return find_or(fetch, lead, find=find)
    except NexusError as error:
        tell_failure(lead, error)
        raise
    finally:
        release(lead.key, lead.token)


def find_or(
    fetch: Callable[[Lead], T], lead: Lead, *, find: Callable[[], T | None]
) -> T:
    """Look once more before asking: somebody may have landed meanwhile."""
    found = find()
    return fetch(lead) if found is None else found


def take(key: str) -> tuple[bool, int]:
    """Try to lead; return whether we do and the token of who does."""
    lease_ms = int(LEASE_S * 1000)
    is_mine, token = valkey.ask(
        lambda client: client.eval(TAKE, 1, lock_of(key), lease_ms)
    )
    return bool(is_mine), int(token)


def release(key: str, token: int | None) -> None:
    """Let go of the lock, unless its lease ended and somebody else has it."""
    with suppress(valkey.ValkeyDown):
        valkey.ask(lambda client: client.eval(RELEASE, 1, lock_of(key), str(token)))


def await_landing(key: str, token: int, *, give_up_at: float) -> None:
    """Wait until that leader is done; raises the failure if there was one."""
    names = [lock_of(key), failure_of(key, token)]
    while time.monotonic() < give_up_at:
        held, failure = valkey.ask(lambda client: client.mget(names))
        if failure:
            raise told_failure(failure)
        if held is None or int(held) != token:
            return
        time.sleep(POLL_S)


def tell_failure(lead: Lead, error: NexusError) -> None:
    """Tell those who wait now; nobody who comes later asks for it."""
    told = {
        "kind": type(error).__name__,
        "message": str(error),
        "retry_after_s": getattr(error, "retry_after_s", None),
    }
    if told["kind"] not in TELLABLE:
        return
    name = failure_of(lead.key, lead.token)
    with suppress(valkey.ValkeyDown):
        valkey.ask(lambda client: client.set(name, json.dumps(told), ex=FAILURE_KEPT_S))


def told_failure(raw: bytes | str) -> NexusError:
    told = json.loads(raw)
    kind = TELLABLE.get(told["kind"], TmdbUnavailable)
    if issubclass(kind, UnavailableError):
        return kind(told["message"], retry_after_s=told["retry_after_s"])
    return kind(told["message"])


def lock_of(key: str) -> str:
    return f"nexus:flight:{{{key}}}"


def failure_of(key: str, token: int | None) -> str:
    return f"nexus:flight:{{{key}}}:{token}:failure"
