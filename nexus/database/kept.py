"""Statements that PostgreSQL plans once for each connection of the pool.

To plan one that asks for films takes several times what it takes to answer it: their
table has two dozen indexes to choose from. Only for statements of which one plan is the
best whatever their values are, and whose text is always the same: each is kept apart.
Without the pool, as behind PgBouncer, they are planned each time like all others.
"""

from typing import Any

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


class KeptCursor(psycopg.Cursor[Any]):
    """Has the server prepare what it executes."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> "KeptCursor":
        # For this statement alone: psycopg would hold the texts of all others, values
        # included, to count them.
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, **how)
        except psycopg.errors.FeatureNotSupported as error:
            # A column changed its type, and the plan does not fit. The next connection
            # makes another one.
            self.connection.close()
            raise psycopg.OperationalError("what was planned has changed") from error
        finally:
            self.connection.prepare_threshold = None


def kept_cursor(database: BaseDatabaseWrapper | None = None) -> CursorWrapper:
    """Return a cursor for such statements.

    Django's own put the values into the text, which therefore is always a new one.
    """
    found: Any = database or connection
    found.close_if_health_check_failed()
    found.ensure_connection()
    cursor = (KeptCursor if found.keeps_plans else psycopg.Cursor)(found.connection)
    wrapped: CursorWrapper = found._prepare_cursor(cursor)  # noqa: SLF001  as its own `cursor` does
    return wrapped


def keep_plans(connection: psycopg.Connection[Any]) -> None:
    """Have the server plan what is prepared on this connection once for all values.

    Else it would go on making plans for the values at hand, to compare, and stay with
    these where it guesses them to be a little cheaper. Nothing else is prepared here
    but what functions of the database ask.
    """
    connection.execute("SET plan_cache_mode = force_generic_plan")
