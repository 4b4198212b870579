"""The whole database, read as PostgreSQL itself knows it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import connection
from psycopg.sql import SQL, Identifier, Literal

OURS = "table_schema NOT IN ('pg_catalog', 'information_schema')"
COLUMNS = f"""
SELECT table_name, column_name
FROM information_schema.columns JOIN information_schema.tables
USING (table_schema, table_name)
WHERE {OURS} AND table_type = 'BASE TABLE'
"""  # noqa: S608
REFERENCES = """
SELECT own.table_name, own.column_name
FROM information_schema.referential_constraints AS rule
JOIN information_schema.key_column_usage AS own
USING (constraint_schema, constraint_name)
JOIN information_schema.table_constraints AS target
ON (target.constraint_schema, target.constraint_name)
  = (rule.unique_constraint_schema, rule.unique_constraint_name)
WHERE target.table_name = %s
"""

Column = tuple[str, str]  # its table's name and its own


def ask(query: Any, parameters: Any = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def columns() -> list[Column]:
    return [(table, column) for table, column in ask(COLUMNS)]


def references_to(table: str) -> list[Column]:
    """Return the columns with a foreign key to the table."""
    return [(own, column) for own, column in ask(REFERENCES, [table])]


def dump() -> dict[str, Counter[str]]:
    """Return the text of every row of every table, by table."""
    return {
        table: Counter(
            text
            for (text,) in ask(
                SQL("SELECT to_jsonb(t)::text FROM {} AS t").format(Identifier(table))
            )
        )
        for table in sorted({table for table, _ in columns()})
    }


def places_of(texts: Iterable[str]) -> dict[str, list[Column]]:
    """Say in which columns, of whatever type, each text stands."""
    found: dict[str, list[Column]] = {text: [] for text in texts}
    for table, column in columns():
        for (text,) in ask(
            SQL(
                "SELECT text FROM unnest({}::text[]) AS text WHERE EXISTS"
                " (SELECT FROM {} WHERE position(text IN {}::text) > 0)"
            ).format(Literal(list(found)), Identifier(table), Identifier(column))
        ):
            found[text].append((table, column))
    return found


def count_rows(table: str, condition: str, *values: object) -> int:
    query = f"SELECT count(*) FROM {table} WHERE {condition}"  # noqa: S608
    return int(ask(query, values)[0][0])
