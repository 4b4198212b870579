"""Connections to the test's database as a web process has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from nexus.database.base import DatabaseWrapper

POOLED = {"pool": settings.POOL | {"min_size": 1, "max_size": 1}}


@contextmanager
def borrowed() -> Iterator[DatabaseWrapper]:
    """Connect as one request does."""
    place = connection.settings_dict
    found = DatabaseWrapper(
        place
        | {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
        | {"OPTIONS": place["OPTIONS"] | POOLED},
        alias="default",  # whose pool nobody else uses in tests
    )
    try:
        yield found
    finally:
        found.close_if_unusable_or_obsolete()


@contextmanager
def lasting() -> Iterator[DatabaseWrapper]:
    """Connect as a thread does that has no pool, and keeps its connection."""
    lasting = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    found = DatabaseWrapper(connection.settings_dict | lasting, alias="default")
    try:
        yield found
    finally:
        found.close()


def end_pool() -> None:
    with borrowed() as found:
        found.close()
        found.close_pool()
