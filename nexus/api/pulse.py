"""Brings what a web process knows of itself to the metrics, once a second.

Another process may be the one that is asked for them.
"""

import atexit
import threading
from collections import Counter as Tally
from typing import Final

from django.db import connection
from prometheus_client import Counter, Gauge

from nexus.api.metrics import TOLD
from nexus.recommendations.serving import MODELS

EVERY_S: Final = 1.0

POOL = Gauge(
    "nexus_database_pool_connections",
    "Connections to PostgreSQL that threads share, by whether one has it.",
    ["state"],  # used, idle
    multiprocess_mode="livesum",
)
POOL_LIMIT = Gauge(
    "nexus_database_pool_limit",
    "Connections that there may be.",
    multiprocess_mode="livesum",
)
POOL_WAITING = Gauge(
    "nexus_database_pool_waiting",
    "Threads that wait for a connection.",
    multiprocess_mode="livesum",
)
LACKING = Gauge(
    "nexus_model_lacking_processes",
    "Web processes that cannot serve the active model: fixed rules answer.",
    multiprocess_mode="livesum",
)
# By the names of psycopg_pool's own figures, and in units of these.
POOL_COUNTS: Final = {
    "requests_queued": (
        Counter("nexus_database_pool_waits_total", "Waits for a connection."),
        1,
    ),
    "requests_wait_ms": (
        Counter("nexus_database_pool_wait_seconds_total", "Time of these waits."),
        1000,
    ),
    "requests_errors": (
        Counter("nexus_database_pool_timeouts_total", "Waits that were in vain."),
        1,
    ),
    "connections_errors": (
        Counter(
            "nexus_database_connect_failures_total", "Connections that failed to open."
        ),
        1,
    ),
}


class Pulse(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="pulse", daemon=True)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.counted = Tally[str]()

    def run(self) -> None:
        while not self.stopping.wait(EVERY_S):
            self.beat()

    def beat(self) -> None:
        """Also called by whoever reads the metrics."""
        TOLD.hand_over()
        LACKING.set(MODELS.is_lacking)
        with self.lock:
            self.show_pool()

    def show_pool(self) -> None:
        pool = getattr(connection, "pool", None)
        if pool is None:
            return
        stats = pool.get_stats()
        size, idle = stats["pool_size"], stats["pool_available"]
        POOL.labels("used").set(size - idle)
        POOL.labels("idle").set(idle)
        POOL_LIMIT.set(stats["pool_max"])
        POOL_WAITING.set(stats["requests_waiting"])
        for name, (counter, units) in POOL_COUNTS.items():
            counted = stats.get(name, 0)
            counter.inc((counted - self.counted[name]) / units)
            self.counted[name] = counted

    def stop(self) -> None:
        self.stopping.set()


PULSE: Final = Pulse()


def start_pulse() -> None:
    PULSE.start()
    atexit.register(PULSE.stop)
