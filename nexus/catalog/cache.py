"""What the catalogue keeps in the shared cache. Losing it costs time, never truth.

Without Valkey, and while it is down, each process keeps a little for itself.
"""

import pickle
import time
from typing import Any, Final, cast

from django.core.cache.backends.locmem import LocMemCache

from nexus import valkey
from nexus.catalog.metrics import CACHE_READS

VERSION: Final = 2  # grows when the shape of a stored value changes

# A token is a moment by Valkey's clock, in microseconds: see `flight`. What was fetched
# under an older one must not replace what was fetched under a newer.
WRITE = """
local held = redis.call('HGET', KEYS[1], 'token')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'value', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""

LOCAL = LocMemCache("catalog", {"OPTIONS": {"MAX_ENTRIES": 2_000}})


def read(key: str) -> Any:
    """Return the value; None where there is none."""
    try:
        raw = valkey.ask(lambda client: client.hget(name_of(key), "value"))
    except valkey.ValkeyDown:
        CACHE_READS.labels("local").inc()
        return LOCAL.get(key)
    CACHE_READS.labels("miss" if raw is None else "hit").inc()
    return None if raw is None else loads(cast("bytes", raw))


def loads(raw: bytes) -> Any:
    """Read a stored value; one that another version wrote is as good as none."""
    try:
        return pickle.loads(raw)  # noqa: S301  nobody but us writes there
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, EOFError):
        return None


def token_now() -> int:
    """Return a token as of now, by Valkey's clock: that of all other tokens."""
    try:
        seconds, microseconds = valkey.ask(lambda client: client.time())
    except valkey.ValkeyDown:
        return int(time.time() * 1_000_000)
    return seconds * 1_000_000 + microseconds


def write(key: str, *, value: object, keep_s: float, token: int | None = None) -> None:
    """Keep the value, unless a newer one was written; no token means now."""
    raw = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    arguments = (token or token_now(), raw, int(keep_s * 1000))
    try:
        valkey.ask(lambda client: client.eval(WRITE, 1, name_of(key), *arguments))
    except valkey.ValkeyDown:
        LOCAL.set(key, value, timeout=keep_s)


def forget(key: str) -> None:
    LOCAL.delete(key)
    try:
        valkey.ask(lambda client: client.delete(name_of(key)))
    except valkey.ValkeyDown:
        return


def claim(key: str, *, keep_s: float) -> bool:
    """Take the key unless somebody holds it."""
    try:
        taken = valkey.ask(
            lambda client: client.set(name_of(key), 1, nx=True, px=int(keep_s * 1000))
        )
    except valkey.ValkeyDown:
        return LOCAL.add(key, value=1, timeout=keep_s)
    return bool(taken)


def answers() -> bool:
    """Say whether the cache is up; without Valkey it always is."""
    return valkey.is_up()


def name_of(key: str) -> str:
    return f"nexus:catalog:{VERSION}:{{{key}}}"
