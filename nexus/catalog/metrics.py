"""What Prometheus may count of the catalogue and of TMDb."""

from prometheus_client import Counter, Histogram

LOOKUPS = Counter(
    "nexus_catalog_lookups_total",
    "What depends on TMDb, by kind and by where the answer came from.",
    ["kind", "result"],  # fresh, stale, local, live, unknown, error
)
WAITS = Counter(
    "nexus_catalog_waits_total",
    "Callers who waited for another one's call to TMDb.",
    ["kind"],
)
CALLS = Counter(
    "nexus_tmdb_calls_total",
    "Calls to TMDb, by kind and by how they ended.",
    # success, not_found, timeout, throttled, rejected, nonsense, failure
    ["kind", "outcome"],
)
CALL_SECONDS = Histogram(
    "nexus_tmdb_call_duration_seconds",
    "Time of a call to TMDb, its waits and repeats included.",
    ["kind"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5),
)
REFUSALS = Counter(
    "nexus_tmdb_refusals_total",
    "Calls to TMDb that were not made.",
    ["reason"],  # breaker, budget, places
)
TURN_SECONDS = Histogram(
    "nexus_tmdb_turn_wait_seconds",
    "Time until a call's turn in the budget.",
    buckets=(0.001, 0.1, 0.5, 1, 2, 3, 10, 30),
)
CACHE_READS = Counter(
    "nexus_cache_reads_total",
    "Looks into the cache for what TMDb said, by what was found; `local` while Valkey "
    "does not answer, or where there is none.",
    ["result"],  # hit, miss, local
)
for reason in ("breaker", "budget", "places"):
    REFUSALS.labels(reason)
for result in ("hit", "miss", "local"):
    CACHE_READS.labels(result)
