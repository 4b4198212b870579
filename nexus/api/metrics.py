"""What Prometheus may count of requests."""

from collections import Counter as Tally
from functools import lru_cache
from threading import Lock

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "nexus_requests_total", "Requests by route.", ["method", "route", "status"]
)
DURATION = Histogram(
    "nexus_request_duration_seconds",
    "Time of Django to answer by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EDGE = Counter(
    "nexus_edge_answers_total",
    "Public answers by the edge: told from memory, made by Django, or told once more "
    "as Django failed.",
    ["how"],
)
for how in ("told", "made", "last_resort"):
    EDGE.labels(how)
DEAF = Gauge(
    "nexus_edge_deaf_processes",
    "Web processes that hear of no changes: answers are kept for a second only.",
    multiprocess_mode="livesum",
)
DATABASE_FAILURES = Counter(
    "nexus_database_failures_total",
    "Requests that were answered 503, as PostgreSQL failed.",
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


# Finding a child costs more than counting.
requests_of = lru_cache(maxsize=4096)(REQUESTS.labels)
duration_of = lru_cache(maxsize=512)(DURATION.labels)


def count_request(method: str, route: str, status: int, duration_s: float) -> None:
    known = method if method in METHODS else "other"
    requests_of(known, route, str(status)).inc()
    duration_of(route).observe(duration_s)


class Told:
    """Counts what was told from memory, where Prometheus's own way is too long.

    `hand_over` brings it to the metrics, before somebody reads them.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.counts = Tally[tuple[str, int]]()

    def add(self, route: str, status: int) -> None:
        with self.lock:
            self.counts[route, status] += 1

    def hand_over(self) -> None:
        with self.lock:
            counts, self.counts = self.counts, Tally()
        for (route, status), number in counts.items():
            requests_of("GET", route, str(status)).inc(number)
        EDGE.labels("told").inc(counts.total())


TOLD = Told()
