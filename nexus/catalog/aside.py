"""Cache-aside: fresh is answered, stale is answered and refreshed, nothing is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from nexus.catalog import cache, metrics
from nexus.catalog.flight import Lead, once
from nexus.catalog.upstream import a_place, is_failing, left_s, one_limit
from nexus.lib.errors import BadUpstreamError, UnavailableError
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


def refresh_soon(task: str, *, key: str, arguments: dict[str, Any]) -> None:
    """Queue the task that brings a stale copy up to date."""
    if cache.claim(f"queued:{task}:{key}", keep_s=QUEUE_EVERY_S):
        do_later(task, once=key, arguments=arguments)


def look_up(
    kind: str,
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

    def find() -> Answer[T] | None:
        return stored_answer(key, freshness, now=now)

    found = find()
    if found is None:
        found = wait_for_one(
            kind,
            key,
            find=find,
            fetch=lambda lead: refresh(
                key, freshness, ask=ask, now=now, token=lead.token
            ),
        )
    elif found.origin.source == "stale":
        refresh_later()
    count_lookup(kind, found.origin)
    return found


def wait_for_one(
    kind: str,
    key: str,
    *,
    find: Callable[[], T | None],
    fetch: Callable[[Lead], T],
) -> T:
    """Have one caller of all fetch what is not stored; raises what they raise."""
    try:
        with a_place(), one_limit():
            return once(kind, key, find=find, fetch=fetch, patience_s=left_s())
    except (BadUpstreamError, UnavailableError):
        metrics.LOOKUPS.labels(kind, "error").inc()
        raise


def count_lookup(kind: str, origin: Origin) -> None:
    result = "fresh" if origin.source == "cache" else origin.source
    metrics.LOOKUPS.labels(kind, result).inc()


def stored_answer(
    key: str, freshness: Freshness, *, now: datetime
) -> Answer[Any] | None:
    stored = cache.read(key)
    if stored is None:
        return None
    value, fetched_at = stored
    if now - fetched_at <= freshness.fresh:
        return Answer(value, Origin("cache", fetched_at))
    return Answer(value, Origin("stale", fetched_at, degraded=is_failing()))


def refresh(
    key: str,
    freshness: Freshness,
    *,
    ask: Callable[[], T],
    now: datetime,
    token: int | None = None,
) -> Answer[T]:
    """Ask TMDb and keep the answer; an error is never kept."""
    token = token or cache.token_now()  # before asking: a later one knows better
    value = ask()
    kept_s = freshness.kept.total_seconds()
    cache.write(key, value=(value, now), keep_s=kept_s, token=token)
    return Answer(value, Origin("live", now))
