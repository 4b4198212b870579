"""Token buckets: in Valkey, or in the process where there is none or it is down."""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import overload

from django.conf import settings
from rest_framework.exceptions import Throttled

from nexus import valkey
from nexus.accounts.access import Belief
from nexus.api.limits import Limit

# Parts of a token add up to a little less than one; who waited as told shall pass.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Charged:
    limit: Limit
    caller: str
    allowed: bool
    tokens: float  # left in the bucket; a use takes a whole one
    is_shared: bool  # the bucket is Valkey's

    @property
    def wait_s(self) -> float:
        """Return the seconds until there is one whole token more than now."""
        return (1 - self.tokens % 1) / self.limit.refill_per_s


def charge(limit: Limit, caller: str, *, told: list[Charged]) -> None:
    """Take one token and note the outcome in `told`; raises Throttled without one."""
    if not settings.RATE_LIMITS:
        return
    note(take(limit, caller), told=told)


def note(charged: Charged, *, told: list[Charged]) -> None:
    """Note the outcome in `told`; raises Throttled where there was no token."""
    told.append(charged)
    if not charged.allowed:
        raise Throttled(wait=charged.wait_s)


def take(limit: Limit, caller: str) -> Charged:
    limit = settings.CHANGED_LIMITS.get(limit.name, limit)
    try:
        return use_shared(limit, caller, cost=1)
    except valkey.ValkeyDown:
        # Each process counts for itself then, and begins with a full bucket: whoever
        # guesses shall gain nothing by it.
        if settings.VALKEY_URL and limit.guards_secrets:
            limit = limit.halved
        return LOCAL.take(limit, caller, now_s=time.monotonic())


def take_if_believed(limit: Limit, caller: str, belief: Belief) -> Charged | None:
    """Take one token if the belief holds, else none; raises ValkeyDown.

    Both in one round trip, as nearly every request of a member needs both.
    """
    limit = settings.CHANGED_LIMITS.get(limit.name, limit)
    return use_shared(limit, caller, cost=1, belief=belief)


def give_back(charged: Charged) -> Charged:
    """Put the token back where it came from, unless that is out of reach by now."""
    if not charged.is_shared:
        now_s = time.monotonic()
        return LOCAL.take(charged.limit, charged.caller, cost=-1, now_s=now_s)
    try:
        return use_shared(charged.limit, charged.caller, cost=-1)
    except valkey.ValkeyDown:
        return charged


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

    def take(
        self, limit: Limit, caller: str, *, now_s: float, cost: int = 1
    ) -> Charged:
        """Take a token, or with a cost of -1 put one back."""
        key = (limit.name, caller)
        with self.lock:
            tokens, then_s = self.buckets.pop(key, (float(limit.quota), now_s))
            tokens += (now_s - then_s) * limit.refill_per_s
            tokens = min(tokens, limit.quota)
            allowed = tokens > cost - ROUNDING
            if allowed:
                tokens = min(max(0.0, tokens - cost), limit.quota)
            # Put last: the first entries are those not used for the longest time.
            self.buckets[key] = (tokens, now_s)
            if len(self.buckets) > self.LIMIT:
                del self.buckets[next(iter(self.buckets))]
        return Charged(limit, caller, allowed, tokens, is_shared=False)

    def clear(self) -> None:
        with self.lock:
            self.buckets.clear()


LOCAL = LocalBuckets()

# The same in one step of the server, by the server's own clock: web machines need not
# agree on the time.
USE = valkey.Script("""
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[5] then
  return false
end
local quota, refill, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(quota, (tonumber(stored[1]) or quota)
  + math.max(0, now - (tonumber(stored[2]) or now)) * refill)
local allowed = 0
if tokens > cost - tonumber(ARGV[4]) then
  allowed = 1
  tokens = math.min(math.max(0, tokens - cost), quota)
end
local left = string.format('%.9f', tokens)
redis.call('HSET', KEYS[1], 'tokens', left, 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(quota / refill) + 1)
return {allowed, left}
""")


@overload
def use_shared(limit: Limit, caller: str, *, cost: int) -> Charged: ...
@overload
def use_shared(
    limit: Limit, caller: str, *, cost: int, belief: Belief
) -> Charged | None: ...
def use_shared(
    limit: Limit, caller: str, *, cost: int, belief: Belief | None = None
) -> Charged | None:
    """Take a token, or with a cost of -1 put one back; raises ValkeyDown.

    Without the belief that is named nothing is taken, and the answer is None.
    """
    keys = [f"nexus:limit:{limit.name}:{{{name_of(caller)}}}"]
    arguments: list[str | float] = [limit.quota, limit.refill_per_s, cost, ROUNDING]
    if belief is not None:
        keys.append(belief.key)
        arguments.append(belief.value)
    answer = valkey.run(USE, keys=keys, arguments=arguments)
    if answer is None:
        return None
    allowed, tokens = answer
    return Charged(limit, caller, bool(allowed), float(tokens), is_shared=True)


def name_of(caller: str) -> str:
    """Return what the bucket is called by: a member's id, or a hash.

    Callers may be mail addresses: nobody is to find those in the cache. By the id a
    cluster keeps the bucket on one machine with what is believed of the member.
    """
    if caller.isdecimal():
        return caller
    return hashlib.blake2b(caller.encode(), digest_size=16).hexdigest()
