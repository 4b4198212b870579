"""Statements whose plans PostgreSQL keeps."""

from collections.abc import Iterator

import pytest
from django.db import DataError, OperationalError, connection
from django.db.backends.utils import CursorWrapper

from nexus.database.kept import kept_cursor
from tests.database.pool import borrowed, end_pool, lasting
from tests.query_count import count_queries

TWICE = "SELECT 2 * %(number)s"
KEPT = """
SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements
WHERE NOT from_sql
"""

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pool_is_left() -> Iterator[None]:
    yield
    end_pool()


@pytest.fixture
def table() -> Iterator[str]:
    with borrowed() as found:
        found.cursor().execute("CREATE TABLE kept_numbers (seen integer)")
    yield "kept_numbers"
    with borrowed() as found:
        found.cursor().execute("DROP TABLE kept_numbers")


def ask(
    cursor: CursorWrapper, statement: str, **values: int
) -> list[tuple[object, ...]]:
    with cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def test_it_is_planned_once_for_all_requests_of_a_connection() -> None:
    for number in (3, 4, 5):
        with borrowed() as found:
            assert ask(kept_cursor(found), TWICE, number=number) == [(2 * number,)]
            assert ask(found.cursor(), TWICE, number=number) == [(2 * number,)]

    with borrowed() as found:
        assert ask(found.cursor(), KEPT) == [("SELECT 2 * $1", 3, 0)]
        # Nor are other statements held, to be counted.
        assert found.connection.prepare_threshold is None


def test_nothing_is_kept_without_the_pool() -> None:
    for number in (3, 4, 5):
        assert ask(kept_cursor(), TWICE, number=number) == [(2 * number,)]

    assert ask(connection.cursor(), KEPT) == []


def test_a_connection_that_has_ended_is_replaced_without_the_pool() -> None:
    with lasting() as found:
        assert ask(kept_cursor(found), TWICE, number=3) == [(6,)]
        found.close_if_unusable_or_obsolete()  # as between two requests
        with connection.cursor() as cursor:
            pid = found.connection.info.backend_pid
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])

        assert ask(kept_cursor(found), TWICE, number=4) == [(8,)]


def test_a_plan_that_fits_no_more_goes_with_its_connection(table: str) -> None:
    wanted = f"SELECT seen FROM {table} WHERE seen = %(number)s"  # noqa: S608
    with borrowed() as found:
        assert ask(kept_cursor(found), wanted, number=3) == []
        found.cursor().execute(f"ALTER TABLE {table} ALTER seen TYPE bigint")
    with borrowed() as found, pytest.raises(OperationalError):
        ask(kept_cursor(found), wanted, number=3)

    with borrowed() as found:
        assert ask(kept_cursor(found), wanted, number=3) == []


def test_it_counts_and_fails_like_any_other_statement() -> None:
    assert count_queries(lambda: ask(kept_cursor(), TWICE, number=3)) == 1
    with pytest.raises(DataError):
        ask(kept_cursor(), "SELECT 1 / %(number)s", number=0)
