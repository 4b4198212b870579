"""How often TMDb may be asked, by all processes together.

TMDb tolerates some 40 calls a second. Each call reserves the next free moment and waits
for it, so nobody has to ask again and again whether it is their turn. Background work
takes only what people leave.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from redis import Redis

from nexus import valkey

CALLS: Final = 30
# Over a second: on their way to TMDb calls draw closer together, by up to 0.1 s where
# four processes share two busy CPUs.
WINDOW_S: Final = 1.2
LEFT_TO_PEOPLE: Final = 10  # of these calls
KEY: Final = "nexus:tmdb:calls"


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment in `wait_s` seconds; it is ours only if it was granted."""

    granted: bool
    wait_s: float


# A list of the moments that were given away, the newest last. The n-th before the next
# must be a window away.
RESERVE = """
local window, calls, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local before = redis.call('LINDEX', KEYS[1], -calls)
local moment = now
if before then moment = math.max(now, tonumber(before) + window) end
local wait = string.format('%.6f', moment - now)
if moment - now > patience then return {0, wait} end
redis.call('RPUSH', KEYS[1], string.format('%.6f', moment))
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[4]), -1)
redis.call('PEXPIRE', KEYS[1], 60000)
return {1, wait}
"""


def reserve(*, patience_s: float, background: bool) -> Turn:
    """Take the next moment if it is at most so many seconds away."""
    calls = CALLS - LEFT_TO_PEOPLE if background else CALLS
    try:
        return valkey.ask(lambda client: reserve_shared(client, calls, patience_s))
    except valkey.ValkeyDown:
        return LOCAL.reserve(calls, patience_s=patience_s, now_s=time.monotonic())


def reserve_shared(client: Redis, calls: int, patience_s: float) -> Turn:
    arguments = [WINDOW_S, calls, patience_s, CALLS]
    granted, wait = client.eval(RESERVE, 1, KEY, *arguments)
    return Turn(bool(granted), float(wait))


class LocalMoments:
    """The same for one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.given: deque[float] = deque(maxlen=CALLS)

    def reserve(self, calls: int, *, patience_s: float, now_s: float) -> Turn:
        with self.lock:
            moment = now_s
            if len(self.given) >= calls:
                moment = max(now_s, self.given[-calls] + WINDOW_S)
            if moment - now_s > patience_s:
                return Turn(granted=False, wait_s=moment - now_s)
            self.given.append(moment)
        return Turn(granted=True, wait_s=moment - now_s)

    def clear(self) -> None:
        with self.lock:
            self.given.clear()


LOCAL = LocalMoments()
