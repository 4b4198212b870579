"""The one way to TMDb: builds the client and remembers how the last call went."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from django.conf import settings

from nexus.catalog import cache
from nexus.lib.errors import BadUpstreamError, UnavailableError
from nexus.tmdb import Tmdb, TmdbNotConfigured, connect

T = TypeVar("T")


def is_configured() -> bool:
    return bool(settings.TMDB_API_KEY)


def is_failing() -> bool:
    """Say whether the last call to TMDb failed, on any process that shares the cache."""
    return cache.read(cache.TMDB_FAILING) is not None


def ask_tmdb(call: Callable[[Tmdb], T]) -> T:
    """Ask TMDb; raises TmdbNotConfigured, or what the client raises."""
    if not is_configured():
        raise TmdbNotConfigured
    try:
        answer = call(client(settings.TMDB_API_KEY, settings.TMDB_API_URL))
    except (BadUpstreamError, UnavailableError):
        cache.write(cache.TMDB_FAILING, value=True, keep_s=cache.FAILING_KEEP_S)
        raise
    if is_failing():
        cache.forget(cache.TMDB_FAILING)
    return answer


@lru_cache(maxsize=4)
def client(key: str, base_url: str) -> Tmdb:
    return connect(key=key, base_url=base_url)
