"""What Prometheus may count of requests."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "nexus_requests_total", "Requests by route.", ["method", "route", "status"]
)
DURATION = Histogram(
    "nexus_request_duration_seconds",
    "Time to answer by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def count_request(method: str, route: str, status: int, duration_s: float) -> None:
    known = method if method in METHODS else "other"
    REQUESTS.labels(known, route, str(status)).inc()
    DURATION.labels(route).observe(duration_s)
