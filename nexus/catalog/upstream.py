"""The one way to TMDb: builds the client, keeps its pace, remembers how it fares."""

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from django.conf import settings

from nexus.catalog import cache
from nexus.lib.errors import BadUpstreamError, UnavailableError
from nexus.tmdb import Tmdb, TmdbNotConfigured, TmdbUnavailable, connect

T = TypeVar("T")

FAILING_KEEP_S = 30
# So many failures in a row open the breaker; then one call every few seconds tries.
PATIENCE = 5
PROBE_EVERY_S = 3
# TMDb tolerates about 40 calls a second, from all our processes together.
CALLS_PER_S = 30
LONGEST_WAIT_S = 2.5
POLL_S = 0.05

# One client for all threads: each has a pool of connections.
_connecting = threading.Lock()
_connect = lru_cache(maxsize=4)(connect)


def is_configured() -> bool:
    return bool(settings.TMDB_API_KEY)


def is_failing() -> bool:
    """Say whether the last call to TMDb failed, also that of another process."""
    return failures() > 0


def failures() -> int:
    """Return how many calls in a row failed lately."""
    return cache.read(cache.TMDB_FAILURES) or 0


def ask_tmdb(call: Callable[[Tmdb], T]) -> T:
    """Ask TMDb; raises TmdbNotConfigured, or what the client raises.

    While TMDb keeps failing most callers are refused at once, so that waiting for it
    does not take up every thread.
    """
    if not is_configured():
        raise TmdbNotConfigured
    failed = failures()
    if failed >= PATIENCE and not cache.claim(cache.TMDB_PROBE, keep_s=PROBE_EVERY_S):
        raise TmdbUnavailable("TMDb keeps failing.", retry_after_s=PROBE_EVERY_S)
    await_turn()
    try:
        answer = call(client(settings.TMDB_API_KEY, settings.TMDB_API_URL))
    except (BadUpstreamError, UnavailableError):
        cache.count(cache.TMDB_FAILURES, keep_s=FAILING_KEEP_S)
        raise
    if failed:
        cache.forget(cache.TMDB_FAILURES)
    return answer


def await_turn() -> None:
    """Wait for a place in the shared budget; raises TmdbUnavailable after seconds."""
    give_up_at = time.monotonic() + LONGEST_WAIT_S
    while calls_this_second() > CALLS_PER_S:
        if time.monotonic() > give_up_at:
            raise TmdbUnavailable("TMDb may not be asked more often.", retry_after_s=1)
        time.sleep(POLL_S)


def calls_this_second() -> int:
    """Count one more. Each second has a key of its own: none has to end in time."""
    return cache.count(f"{cache.TMDB_CALLS}:{int(time.time())}", keep_s=10)


def client(key: str, base_url: str) -> Tmdb:
    with _connecting:
        return _connect(key=key, base_url=base_url)
