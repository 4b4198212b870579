"""The way to Valkey for what Django's cache cannot say: scripts, counters, versions."""

import hashlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from django.conf import settings
from prometheus_client import Counter
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from nexus.lib.valkey_url import redis_url

logger = logging.getLogger(__name__)

FAILURES = Counter("nexus_valkey_failures_total", "Calls to Valkey that failed.")
SKIPPED = Counter(
    "nexus_valkey_skipped_total",
    "Calls to Valkey that were not made, as it had failed a moment ago.",
)

T = TypeVar("T")

ANSWER_LIMIT_S = 0.5
# A server that hangs would cost every request that limit, several times.
REST_S = 1.0


class ValkeyDown(Exception):
    """There is no Valkey, or it did not answer lately: go on without it."""


@dataclass(frozen=True)
class Script:
    """Lua that the server runs in one step."""

    text: str

    @cached_property
    def sha(self) -> str:
        """Return how the server calls it, once it knows it."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Valkey:
    """One server; after a failure it is left alone for a moment, then tried by one."""

    def __init__(self, url: str) -> None:
        self.client = Redis.from_url(
            redis_url(url),
            protocol=2,  # which nothing but answers comes by
            socket_timeout=ANSWER_LIMIT_S,
            socket_connect_timeout=ANSWER_LIMIT_S,
            # Once more at once: the kept connection may be a dead one. But not after
            # silence, which may still end with the call being carried out.
            retry=Retry(NoBackoff(), 1, supported_errors=(NotConnected,)),
        )
        self.kept: list[Any] = []  # connections that nobody uses
        os.register_at_fork(after_in_child=self.kept.clear)
        self.lock = threading.Lock()
        self.is_down = False
        self.rests_until_s = 0.0
        self.failed_at_s = -math.inf

    def ask(self, call: Callable[[Redis], T]) -> T:
        """Return what the call with the client answers; raises ValkeyDown."""
        if not self.may_ask():
            SKIPPED.inc()
            raise ValkeyDown
        return self.insist(call)

    def insist(self, call: Callable[[Redis], T]) -> T:
        """Do so even while the server is left alone; raises ValkeyDown."""
        try:
            answer = call(self.client)
        except RedisError as error:
            self.note_failure(error)
            raise ValkeyDown from error
        if self.is_down:
            self.note_recovery()
        return answer

    def run(
        self, script: Script, *, keys: Sequence[str], arguments: Sequence[str | float]
    ) -> Any:
        """Return what the script answers, in one round trip; raises ValkeyDown."""
        words = (len(keys), *keys, *arguments)

        def call(_: Redis) -> Any:
            try:
                return self.exchange("EVALSHA", script.sha, *words)
            except NoScriptError:
                return self.exchange("EVAL", script.text, *words)

        return self.ask(call)

    def exchange(self, *words: str | float) -> Any:
        """Send a command as it is and return the answer as it comes.

        It fails, and tries again, like the client, whose pool and whose way around a
        command take twice what the command does: nearly every request sends one.
        """
        try:
            connection = self.kept.pop()
        except IndexError:
            connection = self.connect()

        def send_and_read() -> Any:
            connection.send_packed_command(connection.pack_command(*words))
            return connection.read_response()

        try:
            answer = connection.retry.call_with_retry(
                send_and_read, lambda _: connection.disconnect()
            )
        except ResponseError:  # an answer as well
            self.kept.append(connection)
            raise
        self.kept.append(connection)  # only where all was read
        return answer

    def connect(self) -> Any:
        """Return a connection like the client's, of which its pool knows nothing."""
        pool = self.client.connection_pool
        connection = pool.connection_class(**pool.connection_kwargs)
        connection.connect()
        return connection

    def may_ask(self) -> bool:
        """After a rest one caller tries, and the others wait for what becomes of it."""
        with self.lock:
            now_s = time.monotonic()
            if not self.is_down:
                return True
            if now_s < self.rests_until_s:
                return False
            self.rests_until_s = now_s + REST_S
            return True

    def note_failure(self, error: RedisError) -> None:
        FAILURES.inc()
        with self.lock:
            was_down, self.is_down = self.is_down, True
            self.failed_at_s = time.monotonic()
            self.rests_until_s = self.failed_at_s + REST_S
        if not was_down:
            logger.warning("the cache is down: %s", type(error).__name__)

    def note_recovery(self) -> None:
        with self.lock:
            was_down, self.is_down = self.is_down, False
        if was_down:
            logger.warning("the cache is up again")


connect = lru_cache(maxsize=4)(Valkey)


def ask(call: Callable[[Redis], T]) -> T:
    """Ask the configured server; raises ValkeyDown, also where there is none."""
    if not settings.VALKEY_URL:
        raise ValkeyDown
    return connect(settings.VALKEY_URL).ask(call)


def run(
    script: Script, *, keys: Sequence[str], arguments: Sequence[str | float]
) -> Any:
    """Have the configured server run it; raises ValkeyDown like `ask`."""
    if not settings.VALKEY_URL:
        raise ValkeyDown
    return connect(settings.VALKEY_URL).run(script, keys=keys, arguments=arguments)


def insist(call: Callable[[Redis], T]) -> T:
    """Like `ask`, for what must be told: tries even while the server is left alone."""
    if not settings.VALKEY_URL:
        raise ValkeyDown
    return connect(settings.VALKEY_URL).insist(call)


def has_failed_within(span: timedelta) -> bool:
    """Say whether this process saw the configured server fail so lately."""
    if not settings.VALKEY_URL:
        return False
    failed_at_s = connect(settings.VALKEY_URL).failed_at_s
    return time.monotonic() - failed_at_s < span.total_seconds()


def is_up() -> bool:
    """Say whether the configured server answers; True where none is configured."""
    if not settings.VALKEY_URL:
        return True
    try:
        ask(lambda client: client.ping())
    except ValkeyDown:
        return False
    return True
