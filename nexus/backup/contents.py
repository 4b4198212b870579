"""What a database holds: its tables, and how many rows are in each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

# Tables whose rows are left out, and why a restored installation is better without.
LEFT_OUT: Final[Mapping[str, str]] = {
    "accounts_session": "one that was ended since would be open again",
    "django_session": "the same, of the administration's pages",
    "procrastinate_events": "of jobs, see below",
    "procrastinate_jobs": "mails that were sent since would be sent again",
    "procrastinate_periodic_defers": "of jobs",
    "procrastinate_workers": "processes of the old installation",
}
OURS: Final = """
SELECT c.oid::regclass::text, c.relkind, c.relpersistence
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (
    SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""  # what an extension brought is the server's


@contextmanager
def snapshot(*, lock_limit_s: float) -> Iterator[str]:
    """See one moment of the database until the block ends; yields the moment's name.

    Other programs can see the same one by that name. Tables that somebody has locked
    are waited for so long.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(f"SET LOCAL lock_timeout = {lock_limit_s * 1000:.0f}")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchall()[0][0])


def relations() -> list[tuple[str, str, str]]:
    """Return the name, kind and persistence of everything that holds rows."""
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        return [(name, kind, lasts) for name, kind, lasts in cursor.fetchall()]


def logged_tables() -> list[str]:
    return [name for name, kind, lasts in relations() if (kind, lasts) == ("r", "p")]


def left_out() -> list[str]:
    """Name the tables whose rows a backup does not hold.

    Nobody would miss those of an unlogged one: a crash of the server empties it too.
    """
    unlogged = [
        name for name, kind, lasts in relations() if kind == "r" and lasts != "p"
    ]
    return sorted({*LEFT_OUT} & {*logged_tables()}) + unlogged


def count_rows() -> dict[str, int]:
    """Count the rows of each table that a backup holds."""
    found = {}
    with connection.cursor() as cursor:
        for name in logged_tables():
            if name not in LEFT_OUT:
                cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608  the server quoted it
                found[name] = int(cursor.fetchall()[0][0])
    return found
