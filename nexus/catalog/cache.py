"""What the catalogue keeps in the shared cache. Losing it costs time, never truth."""

import logging
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

VERSION: Final = 1  # grows when the shape of a stored value changes
TMDB_FAILURES: Final = "tmdb-failures"
TMDB_PROBE: Final = "tmdb-probe"
TMDB_CALLS: Final = "tmdb-calls"


def read(key: str) -> Any:
    """Return the value; None where there is none or the cache is down."""
    try:
        return cache.get(key, version=VERSION)
    except RedisError:
        logger.warning("the cache is down")
        return None


def write(key: str, *, value: object, keep_s: float) -> None:
    try:
        cache.set(key, value, timeout=keep_s, version=VERSION)
    except RedisError:
        logger.warning("the cache is down")


def forget(key: str) -> None:
    try:
        cache.delete(key, version=VERSION)
    except RedisError:
        logger.warning("the cache is down")


def claim(key: str, *, keep_s: float) -> bool:
    """Take the key unless somebody holds it; always taken while the cache is down."""
    try:
        return cache.add(key, value=1, timeout=keep_s, version=VERSION)
    except RedisError:
        logger.warning("the cache is down")
        return True


def count(key: str, *, keep_s: float) -> int:
    """Add one and return the sum since the counter began, at most `keep_s` ago."""
    if claim(key, keep_s=keep_s):
        return 1
    try:
        return cache.incr(key, version=VERSION)
    except ValueError:  # it ended since the line above
        return 1
    except RedisError:
        logger.warning("the cache is down")
        return 1


def answers() -> bool:
    """Say whether the cache is up."""
    try:
        cache.get("ping", version=VERSION)
    except RedisError:
        return False
    return True
