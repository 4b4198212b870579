"""What the catalogue keeps in the shared cache. Losing it costs time, never truth."""

import logging
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

VERSION: Final = 1  # grows when the shape of a stored value changes
TMDB_FAILING: Final = "tmdb-failing"
FAILING_KEEP_S: Final = 30


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


def answers() -> bool:
    """Say whether the cache is up."""
    try:
        cache.get("ping", version=VERSION)
    except RedisError:
        return False
    return True
