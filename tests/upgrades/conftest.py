"""A database to ask what migrations would do to it; none of them is run."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import DjangoDbBlocker


@pytest.fixture
def loader(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[MigrationLoader]:
    # Outside of a test's transaction, in which nothing is built concurrently.
    with django_db_blocker.unblock():
        yield MigrationLoader(connection)
