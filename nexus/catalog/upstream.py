"""The one way to TMDb: a turn of the budget, a permit of the breaker, then the call.

Whoever waits for TMDb, or for somebody who does, takes one of few places first: the
other threads serve what is stored, however long TMDb hangs.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from math import ceil
from typing import Final, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from nexus.catalog import budget, metrics
from nexus.catalog.breaker import Breaker, Ending, Outcome, Permit, breaker_of
from nexus.lib.errors import NexusError
from nexus.tmdb import (
    Deadline,
    Tmdb,
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbThrottled,
    TmdbTimeout,
    TmdbUnavailable,
    connect,
    current,
    within,
)
from nexus.watching.spans import span

logger = logging.getLogger(__name__)

T = TypeVar("T")

# So long a caller waits, whatever has to be asked for, waits and repeats included.
CALL_LIMIT_S: Final = 4.0
# Of these so much must be left for the answer when its turn has come.
LEAST_FOR_ANSWER_S: Final = 1.0
# Jobs can wait for longer, and have no turn as long as people take them all.
PATIENCE_OF_JOBS_S: Final = 30.0

# Whoever had a smaller share of that for the call itself cannot blame TMDb.
FAIR_SHARE: Final = 0.5

# How a call ended, the most special first.
OUTCOMES: Final[dict[type[NexusError], str]] = {
    TmdbNotFound: "not_found",
    TmdbTimeout: "timeout",
    TmdbThrottled: "throttled",
    TmdbKeyRejected: "rejected",
    TmdbNonsense: "nonsense",
    NexusError: "failure",
}
# A film that TMDb does not know is a sign of health.
HEALTH: Final[dict[str, Outcome]] = {
    "success": "success",
    "not_found": "success",
    "timeout": "timeout",
    "throttled": "failure",
    "rejected": "rejected",
    "nonsense": "nonsense",
    "failure": "failure",
}

_in_background: ContextVar[bool] = ContextVar("in_background", default=False)
# Until when the turn that was waited for may be used, by this process's clock.
_turn_ends_at: ContextVar[float | None] = ContextVar("turn_ends_at", default=None)

# One client for all threads: each has a pool of connections.
_connecting = threading.Lock()
_connect = lru_cache(maxsize=4)(connect)


class Places:
    """How many threads of this process may wait for TMDb at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place; raises TmdbBusy at once where all are taken."""
        with self.lock:
            if self.taken >= settings.TMDB_PLACES:
                metrics.REFUSALS.labels("places").inc()
                raise TmdbBusy("Too many wait for TMDb already.", retry_after_s=2)
            self.taken += 1
        try:
            yield
        finally:
            with self.lock:
                self.taken -= 1


PLACES = Places()


@contextmanager
def a_place() -> Iterator[None]:
    """Take one of the places for people; jobs have threads of their own."""
    if _in_background.get():
        yield
        return
    with PLACES.one():
        yield


@contextmanager
def in_background() -> Iterator[None]:
    """Leave the budget to people: for jobs and commands."""
    token = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(token)


def is_configured() -> bool:
    return bool(settings.TMDB_API_KEY)


def is_failing() -> bool:
    """Say whether the last call to TMDb failed, also that of another process."""
    return breaker().state().is_failing


def is_out() -> bool:
    """Say whether asking TMDb, whatever for, is likely to be in vain."""
    return breaker().state().is_out


def breaker() -> Breaker:
    return breaker_of(urlsplit(settings.TMDB_API_URL).netloc)


@contextmanager
def one_limit() -> Iterator[None]:
    """Let everything within end before one deadline: the outermost block's.

    Jobs have none: each of their calls has its own.
    """
    if _in_background.get() or current():
        yield
        return
    with within(Deadline(CALL_LIMIT_S, clock=time.monotonic)):
        yield


def left_s() -> float:
    """Return how long the caller may still wait for TMDb."""
    deadline = current()
    return deadline.left() if deadline else CALL_LIMIT_S


def ask_tmdb(kind: str, call: Callable[[Tmdb], T]) -> T:
    """Ask TMDb; raises TmdbNotConfigured, or what the client raises.

    While TMDb keeps failing, callers are refused at once.
    """
    if not is_configured():
        raise TmdbNotConfigured
    refuse_unless(breaker().look(now_s=time.time()))
    # Made before the turn, which is to be used at once.
    tmdb = client(settings.TMDB_API_KEY, settings.TMDB_API_URL)
    with one_limit(), a_turn():
        # It may have opened while we waited for our turn.
        permit = breaker().admit(now_s=time.time())
        refuse_unless(permit)
        with span("ask TMDb", kind=kind), observed(kind, is_probe=permit.is_probe):
            return call(tmdb)


def refuse_unless(permit: Permit) -> None:
    if permit.granted:
        return
    metrics.REFUSALS.labels("breaker").inc()
    if permit.is_key_rejected:
        raise TmdbKeyRejected
    retry_after_s = max(1, ceil(permit.wait_s))
    raise TmdbUnavailable("TMDb keeps failing.", retry_after_s=retry_after_s)


@contextmanager
def observed(kind: str, *, is_probe: bool) -> Iterator[None]:
    """Tell the breaker, the metrics and the log how the call in it ends."""
    began_s, is_fair = time.monotonic(), left_s() >= FAIR_SHARE * CALL_LIMIT_S

    def note(outcome: str, *, asked_s: float = 0.0) -> None:
        tell(kind, outcome, duration_s=time.monotonic() - began_s)
        if outcome != "timeout" or is_fair:
            ending = Ending(HEALTH[outcome], was_probe=is_probe, asked_s=asked_s)
            breaker().record(ending, now_s=time.time())

    try:
        yield
    except TmdbThrottled as error:
        note("throttled", asked_s=error.retry_after_s)
        raise
    except TmdbTimeout as error:
        note("timeout")
        if is_fair:
            raise
        raise TmdbBusy(str(error)) from error
    except NexusError as error:
        note(outcome_of(error))
        raise
    note("success")


def outcome_of(error: NexusError) -> str:
    return next(name for kind, name in OUTCOMES.items() if isinstance(error, kind))


def tell(kind: str, outcome: str, *, duration_s: float) -> None:
    metrics.CALLS.labels(kind, outcome).inc()
    metrics.CALL_SECONDS.labels(kind).observe(duration_s)
    facts = {"kind": kind, "outcome": outcome, "duration_ms": round(duration_s * 1000)}
    logger.info("asked TMDb", extra=facts)


@contextmanager
def a_turn() -> Iterator[None]:
    """Wait for a turn in the shared budget, unless the block around this has one."""
    if _turn_ends_at.get() is not None:
        yield
        return
    began_s = time.monotonic()
    if _in_background.get():
        ends_at = wait_in_background()
    else:
        ends_at = wait_for_turn(left_s() - LEAST_FOR_ANSWER_S)
    metrics.TURN_SECONDS.observe(time.monotonic() - began_s)
    token = _turn_ends_at.set(ends_at)
    try:
        yield
    finally:
        _turn_ends_at.reset(token)


def wait_for_turn(patience_s: float) -> float:
    """Wait for the next turn and return when it ends.

    Raises TmdbBusy if it comes too late.
    """
    asked_at = time.monotonic()
    turn = budget.reserve(patience_s=patience_s, background=_in_background.get())
    if not turn.granted:
        refuse_turn(turn)
    time.sleep(turn.wait_s)
    return asked_at + turn.wait_s + budget.GRACE_S


def wait_in_background() -> float:
    """Try as long as jobs wait; who waits holds no turn that people could have."""
    give_up_at = time.monotonic() + PATIENCE_OF_JOBS_S
    while True:
        asked_at = time.monotonic()
        turn = budget.reserve(patience_s=0.0, background=True)
        if turn.granted:
            return asked_at + budget.GRACE_S
        if time.monotonic() > give_up_at:
            refuse_turn(turn)
        time.sleep(turn.wait_s)


def pace(left_s: float) -> None:
    """Use the turn, or wait for another one; raises TmdbBusy if that comes too late.

    A repeat needs its own, and so does who comes late for the first, on a machine that
    is busy otherwise.
    """
    ends_at = _turn_ends_at.get() or 0.0
    _turn_ends_at.set(0.0)
    while time.monotonic() > ends_at:
        began_s = time.monotonic()
        ends_at = wait_for_turn(left_s - LEAST_FOR_ANSWER_S)
        left_s -= time.monotonic() - began_s


def refuse_turn(turn: budget.Turn) -> None:
    metrics.REFUSALS.labels("budget").inc()
    retry_after_s = max(1, ceil(turn.wait_s))
    raise TmdbBusy("TMDb may not be asked more often.", retry_after_s=retry_after_s)


def client(key: str, base_url: str) -> Tmdb:
    with _connecting:
        return _connect(key=key, base_url=base_url, timeout_s=CALL_LIMIT_S, pace=pace)
