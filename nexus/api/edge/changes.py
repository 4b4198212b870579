"""Hears of every change of the catalogue, by LISTEN on a connection of its own.

How long ago it last heard itself tells whether it would have heard others: through a
proxy that takes LISTEN apart, or over a dead connection, it hears nothing.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg import sql

from nexus.api.metrics import DEAF
from nexus.catalog.changes import CHANNEL
from nexus.catalog.queries import forget_copies

logger = logging.getLogger(__name__)

# A change counts at once, those that follow it together after this time.
GATHERED_S: Final = 0.25
BEAT_S: Final = 0.25
DEAF_AFTER_S: Final = 0.7
AGAIN_AFTER_S: Final = 1.0
NEVER: Final = float("-inf")


class Changes(threading.Thread):
    """`generation` grows with every change, and where one may have been missed.

    forget: called before it grows, so that what is made from then on is made of nothing
            that the process remembers from before
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        *,
        clock: Callable[[], float] = time.monotonic,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="changes", daemon=True)
        self.connect = connect
        self.clock = clock
        self.forget = forget
        self.stopping = threading.Event()
        self.generation = 0
        self.heard_at = NEVER
        self.is_outage_said = False
        # Nobody else listens to this one: what comes back on it went the whole way.
        self.own = f"nexus_beat_{uuid4().hex}"

    def hears(self) -> bool:
        return self.clock() - self.heard_at < DEAF_AFTER_S

    def run(self) -> None:
        self.be_deaf()
        while not self.stopping.is_set():
            try:
                self.listen()
            except psycopg.Error as error:
                self.be_deaf()
                # A database that is away is told by every request already.
                if not self.is_outage_said:
                    logger.warning("changes of the catalogue are not heard: %s", error)
                self.is_outage_said = True
            self.stopping.wait(AGAIN_AFTER_S)

    def be_deaf(self) -> None:
        """Say so until it hears itself: a connection may be long in coming."""
        self.heard_at = NEVER
        DEAF.set(1)

    def listen(self) -> None:
        with self.connect() as listener:
            for channel in (CHANNEL, self.own):
                listen = sql.SQL("LISTEN {}").format(sql.Identifier(channel))
                listener.execute(listen)
            self.begin_anew()  # nobody knows what was missed before
            while not self.stopping.is_set():
                asked_at = self.clock()
                listener.execute("SELECT pg_notify(%s, '')", [self.own])
                self.take(listener, asked_at)
                self.stopping.wait(GATHERED_S)

    def take(self, listener: psycopg.Connection[Any], asked_at: float) -> None:
        """Wait for our own beat and for changes, whichever come first."""
        heard = {one.channel for one in listener.notifies(timeout=BEAT_S, stop_after=1)}
        heard |= {one.channel for one in listener.notifies(timeout=0)}
        if self.own in heard:
            self.heard_at, self.is_outage_said = asked_at, False
        DEAF.set(not self.hears())
        if CHANNEL in heard:
            self.begin_anew()

    def begin_anew(self) -> None:
        self.forget()
        self.generation += 1

    def stop(self) -> None:
        self.stopping.set()
        self.join(2 * DEAF_AFTER_S)


def start_changes() -> Changes:
    """Listen until the process ends."""
    changes = Changes(connect, forget=forget_copies)
    changes.start()
    atexit.register(changes.stop)
    return changes


def connect() -> psycopg.Connection[Any]:
    """Open a connection past Django's pool, whose connections are lent for moments."""
    return psycopg.connect(**connection.get_connection_params(), autocommit=True)
