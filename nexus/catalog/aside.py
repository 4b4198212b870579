"""Cache-aside: fresh is answered, stale is answered and refreshed, nothing is asked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from nexus.catalog import cache
from nexus.catalog.upstream import is_failing

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


# One caller per key asks TMDb while the others wait for it. Keys share a fixed number of
# locks, so that nobody can grow the table by asking for ever new things.
_flights = tuple(threading.Lock() for _ in range(64))


def look_up(
    key: str,
    freshness: Freshness,
    *,
    ask: Callable[[], T],
    refresh_later: Callable[[], None],
    now: datetime,
) -> Answer[T]:
    """Return the stored answer or TMDb's; raises what `ask` raises where nothing is stored."""
    stored = cache.read(key)
    if stored is None:
        with _flights[hash(key) % len(_flights)]:
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
