"""Cache-aside: fresh is answered, stale is answered and refreshed, nothing is asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from nexus.catalog import cache
from nexus.catalog.upstream import is_failing
from nexus.queue import do_later

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer comes from; `degraded`: TMDb should have given a better one."""

    source: Literal["live", "cache", "stale", "local"]
    fetched_at: datetime | None
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    value: T
    origin: Origin


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long a stored answer is good, and how long it is better than none."""

    fresh: timedelta
    kept: timedelta


# A refresh of one thing is queued at most once in so many seconds, however many ask.
QUEUE_EVERY_S = 30
# Keys share a fixed number of locks, so that nobody can grow the table by asking for
# ever new things.
_flights = tuple(threading.Lock() for _ in range(64))


@contextmanager
def alone(key: str) -> Iterator[None]:
    """Let one caller per key ask TMDb while the others of this process wait for it."""
    with _flights[hash(key) % len(_flights)]:
        yield


def refresh_soon(task: str, *, key: str, arguments: dict[str, Any]) -> None:
    """Queue the task that brings a stale copy up to date."""
    if cache.claim(f"queued:{task}:{key}", keep_s=QUEUE_EVERY_S):
        do_later(task, once=key, arguments=arguments)


def look_up(
    key: str,
    freshness: Freshness,
    *,
    ask: Callable[[], T],
    refresh_later: Callable[[], None],
    now: datetime,
) -> Answer[T]:
    """Return the stored answer or TMDb's.

    Raises what `ask` raises where nothing is stored.
    """
    stored = cache.read(key)
    if stored is None:
        with alone(key):
            stored = cache.read(key)
            if stored is None:
                return refresh(key, freshness, ask=ask, now=now)
    value, fetched_at = stored
    if now - fetched_at <= freshness.fresh:
        return Answer(value, Origin("cache", fetched_at))
    refresh_later()
    return Answer(value, Origin("stale", fetched_at, degraded=is_failing()))


def refresh(
    key: str, freshness: Freshness, *, ask: Callable[[], T], now: datetime
) -> Answer[T]:
    """Ask TMDb and keep the answer; an error is never kept."""
    value = ask()
    cache.write(key, value=(value, now), keep_s=freshness.kept.total_seconds())
    return Answer(value, Origin("live", now))
