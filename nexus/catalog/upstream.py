"""The one way to TMDb: a permit of the breaker, a turn of the budget, then the call.

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
from nexus.catalog.breaker import Breaker, Outcome, breaker_of
from nexus.tmdb import (
    Tmdb,
    TmdbBusy,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbTimeout,
    TmdbUnavailable,
    connect,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

# What a call may take, its waits and repeats included; so long a caller waits.
CALL_LIMIT_S: Final = 4.0
# Of these so much must be left for the answer when its turn has come.
LEAST_FOR_ANSWER_S: Final = 1.0
# Jobs can wait for longer, and have no turn as long as people take them all.
PATIENCE_OF_JOBS_S: Final = 30.0

# A film that TMDb does not know is a sign of health.
HEALTH: Final[dict[str, Outcome]] = {
    "success": "success",
    "not_found": "success",
    "failure": "failure",
    "timeout": "timeout",
}

_in_background: ContextVar[bool] = ContextVar("in_background", default=False)
_has_turn: ContextVar[bool] = ContextVar("has_turn", default=False)

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


def breaker() -> Breaker:
    return breaker_of(urlsplit(settings.TMDB_API_URL).netloc)


def show_breaker() -> None:
    """Bring the metric up to date: the breaker is not this process's alone."""
    metrics.BREAKER_OPEN.set(breaker().state().is_open)


def ask_tmdb(kind: str, call: Callable[[Tmdb], T]) -> T:
    """Ask TMDb; raises TmdbNotConfigured, or what the client raises.

    While TMDb keeps failing, callers are refused at once.
    """
    if not is_configured():
        raise TmdbNotConfigured
    if _in_background.get():
        with turn_before_call():
            return ask_if_permitted(kind, call)
    return ask_if_permitted(kind, call)


def ask_if_permitted(kind: str, call: Callable[[Tmdb], T]) -> T:
    permit = breaker().admit(now_s=time.time())
    if not permit.granted:
        metrics.REFUSALS.labels("breaker").inc()
        retry_after_s = max(1, ceil(permit.wait_s))
        raise TmdbUnavailable("TMDb keeps failing.", retry_after_s=retry_after_s)
    with observed(kind, is_probe=permit.is_probe):
        return call(client(settings.TMDB_API_KEY, settings.TMDB_API_URL))


@contextmanager
def observed(kind: str, *, is_probe: bool) -> Iterator[None]:
    """Tell the breaker, the metrics and the log how the call in it ends."""
    began_s, outcome = time.monotonic(), "failure"
    try:
        yield
        outcome = "success"
    except TmdbNotFound:
        outcome = "not_found"
        raise
    except TmdbBusy:
        outcome = "refused"
        raise
    except TmdbTimeout:
        outcome = "timeout"
        raise
    finally:
        note(kind, outcome, duration_s=time.monotonic() - began_s, is_probe=is_probe)


def note(kind: str, outcome: str, *, duration_s: float, is_probe: bool) -> None:
    if outcome == "refused":  # by our own budget: nothing was learned of TMDb
        return
    breaker().record(HEALTH[outcome], was_probe=is_probe, now_s=time.time())
    metrics.CALLS.labels(kind, outcome).inc()
    metrics.CALL_SECONDS.labels(kind).observe(duration_s)
    facts = {"kind": kind, "outcome": outcome, "duration_ms": round(duration_s * 1000)}
    logger.info("asked TMDb", extra=facts)


def pace(left_s: float) -> None:
    """Wait for a turn in the shared budget; raises TmdbBusy if it comes too late."""
    if _has_turn.get():
        _has_turn.set(False)  # a repeat needs another one
        return
    background = _in_background.get()
    patience_s = 0.0 if background else left_s - LEAST_FOR_ANSWER_S
    turn = budget.reserve(patience_s=patience_s, background=background)
    if not turn.granted:
        refuse_turn(turn)
    metrics.TURN_SECONDS.observe(turn.wait_s)
    time.sleep(turn.wait_s)


@contextmanager
def turn_before_call() -> Iterator[None]:
    """Wait for a job's turn, for longer than the call in it may last."""
    wait_for_turn_in_background()
    token = _has_turn.set(True)
    try:
        yield
    finally:
        _has_turn.reset(token)


def wait_for_turn_in_background() -> None:
    began_s = time.monotonic()
    while not (turn := budget.reserve(patience_s=0.0, background=True)).granted:
        if time.monotonic() - began_s > PATIENCE_OF_JOBS_S:
            refuse_turn(turn)
        time.sleep(turn.wait_s)
    metrics.TURN_SECONDS.observe(time.monotonic() - began_s)


def refuse_turn(turn: budget.Turn) -> None:
    metrics.REFUSALS.labels("budget").inc()
    retry_after_s = max(1, ceil(turn.wait_s))
    raise TmdbBusy("TMDb may not be asked more often.", retry_after_s=retry_after_s)


def client(key: str, base_url: str) -> Tmdb:
    with _connecting:
        return _connect(key=key, base_url=base_url, timeout_s=CALL_LIMIT_S, pace=pace)
