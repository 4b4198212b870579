"""One moment after which a call is over, kept by every wait below it.

Several calls may share one: a call within a deadline takes what is left of it.

httpx bounds each read, not their sum: a server that sends a byte a second is never late
for it. Here each network operation gets what is left of the whole. Looking up a host
name is the one wait that the operating system does not let us bound.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

Clock = Callable[[], float]


class Deadline:
    def __init__(self, seconds: float, *, clock: Clock) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def left(self) -> float:
        return self._ends_at - self._clock()


# Calls share connections, so a connection cannot hold the deadline; the thread can.
_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """Return the deadline of the block that runs, None outside of any."""
    return _current.get()


def nearer(seconds: float, *, clock: Clock) -> Deadline:
    """Return a deadline so far away, or at the one that holds already."""
    outer = _current.get()
    return Deadline(min(seconds, outer.left()) if outer else seconds, clock=clock)


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


def _bounded(timeout: float | None, too_late: type[Exception]) -> float | None:
    deadline = _current.get()
    if deadline is None:
        return timeout
    left = deadline.left()
    if left <= 0:
        raise too_late("the deadline of the call has passed")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _bounded(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _bounded(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _bounded(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _bounded(timeout, httpcore.ConnectTimeout)
        return _Stream(
            super().connect_tcp(host, port, left, local_address, socket_options)
        )


class DeadlineTransport(httpx.HTTPTransport):
    """Through a proxy only the body is held to the deadline, by its reader."""

    def __init__(self, *, proxy: str | None = None) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context, proxy=proxy)
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=100,
                max_keepalive_connections=20,
                keepalive_expiry=30.0,
                network_backend=_Backend(),
            )
