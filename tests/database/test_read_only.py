"""A server that takes no writes is on its way out, or not promoted yet."""

from collections.abc import Iterator

import pytest
from django.db import InternalError, OperationalError, connection, transaction

from nexus.api.errors import failure_of
from nexus.catalog.models import Movie
from nexus.database.base import DatabaseWrapper
from tests.builders import make_movie
from tests.client import Api
from tests.database.pool import borrowed, end_pool

WRITE = "DELETE FROM ratings_rating WHERE false"

pytestmark = pytest.mark.django_db


@pytest.fixture
def movie() -> Movie:
    return make_movie(603)


@pytest.fixture(autouse=True)
def no_pool_is_left() -> Iterator[None]:
    yield
    end_pool()


def tell(found: DatabaseWrapper, statement: str) -> None:
    with found.cursor() as cursor:
        cursor.execute(statement)


def test_a_connection_to_it_is_not_lent_again() -> None:
    with borrowed() as first:
        tell(first, "SET default_transaction_read_only = on")
        with pytest.raises(InternalError, match="read-only transaction") as refused:
            tell(first, WRITE)

    with borrowed() as second:
        tell(second, WRITE)

    failure = failure_of(refused.value)
    assert failure is not None
    assert (failure.status, failure.code) == (503, "database_unavailable")


def test_a_connection_is_kept_after_other_errors() -> None:
    with borrowed() as first:
        tell(first, "SET application_name = 'kept'")
        with pytest.raises(InternalError):
            tell(first, "DO $$ BEGIN RAISE SQLSTATE 'XX000'; END $$")

    with borrowed() as second, second.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone() == ("kept",)


@pytest.fixture
def read_only() -> Iterator[None]:
    """Until the end of the test, which then has its transaction as it was."""
    before = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET transaction_read_only = on")
    yield
    transaction.savepoint_rollback(before)


def test_reads_go_on_and_writes_are_told_to_wait(
    owner_api: Api, movie: Movie, read_only: None
) -> None:
    read = owner_api.get("/api/ratings/")
    told = owner_api.post("/api/ratings/", {"movie": movie.pk, "stars": 4})

    assert (told.status, told.code) == (503, "database_unavailable")
    assert int(told.headers["Retry-After"]) > 0
    assert read.status == 200


def test_a_connection_that_is_closed_already_is_given_back() -> None:
    with borrowed() as first:
        tell(first, WRITE)
        assert first.connection is not None
        first.connection.close()
        with pytest.raises(OperationalError, match="closed"):
            tell(first, WRITE)

    with borrowed() as second:
        tell(second, WRITE)
