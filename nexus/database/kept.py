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


def kept_cursor(database: BaseDatabaseWrapper | None = None) -> CursorWrapper:
    """Return a cursor for such statements.

    Django's own put the values into the text, which therefore is always a new one.
    """
    found: Any = database or connection
    found.ensure_connection()
    cursor = psycopg.Cursor(found.connection)
    wrapped: CursorWrapper = found._prepare_cursor(cursor)  # noqa: SLF001  as its own `cursor` does
    return wrapped


def keep_plans(connection: psycopg.Connection[Any]) -> None:
    """Let this connection keep the plans of what such cursors execute.

    Else PostgreSQL would go on making plans for the values at hand, to compare, and
    stay with these where it guesses them to be a little cheaper.
    """
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.prepare_threshold = 0
