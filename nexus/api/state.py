"""What is true of the whole installation, asked when somebody reads the metrics.

Every web server tells the same of it: a query over several takes the `max`.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import InterfaceError, OperationalError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from nexus import __version__
from nexus.catalog import cache, upstream
from nexus.queue.state import queue_state
from nexus.recommendations.operations import active_model


class State(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield info("nexus_build_info", "The version that runs.", __version__)
        if settings.VALKEY_URL:
            up = cache.answers()
            yield gauge("nexus_valkey_up", "1 while Valkey answers.", up)
        breaker = upstream.breaker().state()
        words = "1 while TMDb is left alone because it keeps failing."
        yield gauge("nexus_tmdb_breaker_open", words, breaker.is_open)
        words = "1 since TMDb rejected the key."
        yield gauge("nexus_tmdb_key_rejected", words, breaker.is_key_rejected)
        yield from database()


def database() -> Iterator[GaugeMetricFamily]:
    try:
        found = [*jobs(), *model()]
    except (OperationalError, InterfaceError):
        found = []
    yield gauge("nexus_database_up", "1 while PostgreSQL answers.", bool(found))
    yield from found


def jobs() -> Iterator[GaugeMetricFamily]:
    state = queue_state()
    words = "Jobs by task and status; those that are done are kept for two days."
    counts = GaugeMetricFamily("nexus_jobs", words, labels=["task", "status"])
    for names, count in sorted(state.jobs.items()):
        counts.add_metric(names, count)
    yield counts
    words = "How long the longest waiting job could have run already."
    yield gauge("nexus_jobs_oldest_waiting_seconds", words, state.oldest_s)
    yield gauge("nexus_workers", "Workers that have told of themselves.", state.workers)


def model() -> Iterator[GaugeMetricFamily]:
    active = active_model()
    if active is None:
        return
    yield info("nexus_model_info", "The active model.", active.version)
    trained_at = active.created_at.timestamp()
    words = "When the active model was trained."
    yield gauge("nexus_model_trained_timestamp_seconds", words, trained_at)
    words = "Ratings that the active model has learned from."
    yield gauge("nexus_model_ratings", words, active.ratings_count)


def gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=float(value))


def info(name: str, words: str, version: str) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, words, labels=["version"])
    found.add_metric([version], 1)
    return found


def state_figures() -> bytes:
    registry = CollectorRegistry()
    registry.register(State())
    return generate_latest(registry)
