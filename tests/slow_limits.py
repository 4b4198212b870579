"""Limits whose buckets do not refill while a test runs, however slow the machine is."""

from dataclasses import replace

from nexus.api.limits import DAY_S, LIMITS, Limit

SLOW: dict[str, Limit] = {
    name: replace(limit, window_s=DAY_S) for name, limit in LIMITS.items()
}
