"""How often whom may ask: token buckets, in Valkey where there is one."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.exceptions import Throttled

from nexus.lib.valkey_url import redis_url

logger = logging.getLogger(__name__)

# Parts of a token add up to a little less than one; who waited as told shall pass.
WHOLE = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` uses at once, refilled evenly over `window_s` seconds."""

    name: str
    quota: int
    window_s: int

    @property
    def refill_per_s(self) -> float:
        return self.quota / self.window_s


ANONYMOUS = Limit("anonymous", 300, 60)
MEMBER = Limit("member", 600, 60)
LOGIN_ADDRESS = Limit("login-address", 30, 60)
LOGIN_ACCOUNT = Limit("login-account", 10, 60)
REGISTER = Limit("register", 60, 3600)
TMDB_SEARCH = Limit("tmdb-search", 60, 60)
TMDB_IMPORT = Limit("tmdb-import", 60, 60)


@dataclass(frozen=True, slots=True)
class Charged:
    limit: Limit
    allowed: bool
    tokens: float  # left in the bucket; a use takes a whole one

    @property
    def wait_s(self) -> float:
        """Return the seconds until there is one whole token more than now."""
        return (1 - self.tokens % 1) / self.limit.refill_per_s


def charge(limit: Limit, caller: str, *, told: list[Charged]) -> None:
    """Take one token and note the outcome in `told`; raises Throttled without one."""
    if not settings.RATE_LIMITS:
        return
    charged = take(limit, caller)
    told.append(charged)
    if not charged.allowed:
        raise Throttled(wait=charged.wait_s)


def take(limit: Limit, caller: str) -> Charged:
    if settings.VALKEY_URL:
        try:
            return take_shared(limit, caller)
        except RedisError:
            logger.warning("the cache is down: limits count per process")
    return LOCAL.take(limit, caller, now_s=time.monotonic())


def headers_of(told: Sequence[Charged]) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers."""
    if not told:
        return {}
    policies = (
        f'"{one.limit.name}";q={one.limit.quota};w={one.limit.window_s}' for one in told
    )
    states = (
        f'"{one.limit.name}";r={int(one.tokens)};t={ceil(one.wait_s)}' for one in told
    )
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}


class LocalBuckets:
    """The buckets of one process, in bounded memory."""

    LIMIT = 50_000

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, limit: Limit, caller: str, *, now_s: float) -> Charged:
        key = (limit.name, caller)
        with self.lock:
            tokens, then_s = self.buckets.pop(key, (float(limit.quota), now_s))
            refilled = tokens + (now_s - then_s) * limit.refill_per_s
            tokens = min(refilled, limit.quota)
            allowed = tokens > WHOLE
            tokens = max(0.0, tokens - 1) if allowed else tokens
            # Put last: the first entries are those not used for the longest time.
            self.buckets[key] = (tokens, now_s)
            if len(self.buckets) > self.LIMIT:
                del self.buckets[next(iter(self.buckets))]
        return Charged(limit, allowed, tokens)

    def clear(self) -> None:
        with self.lock:
            self.buckets.clear()


LOCAL = LocalBuckets()

# The server's own clock, so that web machines need not agree on the time.
TAKE = """
local quota, refill = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(quota, (tonumber(stored[1]) or quota)
  + math.max(0, now - (tonumber(stored[2]) or now)) * refill)
local allowed = 0
if tokens > tonumber(ARGV[3]) then allowed = 1; tokens = math.max(0, tokens - 1) end
local left = string.format('%.9f', tokens)
redis.call('HSET', KEYS[1], 'tokens', left, 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(quota / refill) + 1)
return {allowed, left}
"""


def take_shared(limit: Limit, caller: str) -> Charged:
    script = shared_script(settings.VALKEY_URL)
    key = f"nexus:limit:{limit.name}:{{{caller}}}"
    arguments = [limit.quota, limit.refill_per_s, WHOLE]
    allowed, tokens = script(keys=[key], args=arguments)
    return Charged(limit, bool(allowed), float(tokens))


@lru_cache(maxsize=4)
def shared_script(url: str) -> Callable[..., Any]:
    client = Redis.from_url(
        redis_url(url),
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 1),  # once: the kept connection may be a dead one
    )
    script: Callable[..., Any] = client.register_script(TAKE)
    return script
