"""What a migration may do while the version before it serves: the rule, in SQL.

Read from the statements that a migration would run, whatever operations it has. What is
not known to be harmless is a fault, also where an expert would see that it is none.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import connection
from django.db.migrations import Migration, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

NAME: Final = r'"?(\w+)"?'
ONE_ACTION: Final = r"(?!.*, (?:ADD|ALTER|DROP|RENAME|SET|VALIDATE)\b).*"
# Locks a table, if at all, for the moment that its description changes.
BRIEF: Final = (
    rf"ALTER TABLE {NAME} ALTER (?:COLUMN )?{NAME} SET DEFAULT {ONE_ACTION}",
    rf"ALTER TABLE {NAME} ALTER (?:COLUMN )?{NAME} DROP NOT NULL",
    rf"ALTER TABLE {NAME} ADD CONSTRAINT {NAME} {ONE_ACTION} NOT VALID",
    rf"ALTER TABLE {NAME} DROP CONSTRAINT (?:IF EXISTS )?{NAME}",
    r"COMMENT ON .*",
)
# Besides, may be run again: of a migration that is no transaction, a part may be done.
REPEATABLE: Final = (
    rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY {NAME} ON .*",
    rf"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
    rf"ALTER (?:TABLE|INDEX) {NAME} (?:RE)?SET \([^)]*\)",
    rf"SELECT gin_clean_pending_list\('{NAME}'\)",
    r"CREATE OR REPLACE (?:FUNCTION|TRIGGER) .*",
    r"DROP (?:FUNCTION|TRIGGER) IF EXISTS .*",
)
VALIDATE: Final = rf"ALTER TABLE {NAME} VALIDATE CONSTRAINT {NAME}"
# Once no version that serves uses it.
CONTRACT: Final = (
    rf"ALTER TABLE {NAME} DROP COLUMN (?:IF EXISTS )?{NAME}(?: CASCADE)?",
    rf"DROP TABLE (?:IF EXISTS )?{NAME}(?: CASCADE)?",
)
COLUMN: Final = rf"ALTER TABLE {NAME} ADD COLUMN {NAME} {ONE_ACTION}"
# Reads or writes every row under the lock.
WHOLE_TABLE: Final = r"\b(?:CHECK|UNIQUE|PRIMARY KEY|STORED|IDENTITY)\b"
VOLATILE: Final = r"\bDEFAULT \(*(?!now\(|statement_timestamp\()[\w.]+\("
CREATE_TABLE: Final = rf"CREATE TABLE (?:IF NOT EXISTS )?{NAME}"
# The table that a statement is about.
SUBJECT: Final = rf"(?:\bTABLE (?:ONLY |IF EXISTS )*|\bON (?:ONLY )?){NAME}"
BUILT: Final = rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY {NAME}"
# What Django says after a new column that refers to another table.
AT_ONCE: Final = rf"; SET CONSTRAINTS {NAME} IMMEDIATE$"


def faults_in(
    migration: Migration, state: ProjectState, *, released: Iterable[str] = ()
) -> list[str]:
    """Return what could break, or hold up, a version that serves from this `state`.

    `unused_since` of a migration that takes something away names the release, one of
    `released`, from which on nothing uses it.
    """
    statements = statements_of(migration, state)
    contracts = getattr(migration, "unused_since", None) in {*released}
    return [
        *faults_of_python(migration, statements),
        *faults_of_statements(migration, statements, contracts=contracts),
    ]


def statements_of(migration: Migration, state: ProjectState) -> list[str]:
    """Return the SQL that it would run, each statement in one line."""
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    texts = [re.sub(r"(?m)^\s*--.*$", "", text) for text in editor.collected_sql]
    found = [" ".join(text.split()).removesuffix(";") for text in texts]
    return [re.sub(AT_ONCE, "", one) for one in found if one]


def faults_of_python(migration: Migration, statements: list[str]) -> Iterator[str]:
    for operation in in_database(migration.operations):
        if not operation.reduces_to_sql:
            if migration.atomic or operation.atomic:
                yield "Python in one transaction: no batches, and locks until its end"
            if statements:
                yield "Python and SQL in one migration: data and schema apart"


def in_database(operations: Iterable[Any]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from in_database(operation.database_operations)
        else:
            yield operation


def faults_of_statements(
    migration: Migration, statements: list[str], *, contracts: bool
) -> Iterator[str]:
    new = {table for one in statements for table in matches(CREATE_TABLE, one)}
    known: list[str] = [*REPEATABLE]
    if migration.atomic:
        known += [CREATE_TABLE + ".*", *BRIEF, *(CONTRACT if contracts else ())]
    if not migration.atomic or all(is_like(VALIDATE, one) for one in statements):
        known.append(VALIDATE)  # else what came before it is locked while it reads
    for number, one in enumerate(statements):
        if ";" in re.sub(r"\$\$.*?\$\$", "", one):
            yield f"several statements in one: {one}"
        elif migration.atomic and new.intersection(matches(SUBJECT, one)[:1]):
            continue  # nobody uses it yet
        elif is_like(COLUMN, one):
            yield from faults_of_column(migration, one)
        elif not any(is_like(pattern, one) for pattern in known):
            yield f"not known to be harmless: {one}"
        elif is_in_its_own_way(one, statements[:number]):
            yield f"an interrupted build is in the way of the next: {one}"


def is_in_its_own_way(statement: str, before: list[str]) -> bool:
    """Say whether an index is built that an interrupted build has left, invalid."""
    names = matches(BUILT, statement)
    first = {one.replace('"', "") for one in before}
    return any(
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}" not in first for name in names
    )


def faults_of_column(migration: Migration, statement: str) -> Iterator[str]:
    if not migration.atomic:
        yield f"cannot be repeated: {statement}"
    if re.search(r"\bNOT NULL\b", statement) and " DEFAULT " not in statement:
        yield f"the version before does not fill it: {statement}"
    if any(re.search(one, statement, re.IGNORECASE) for one in (WHOLE_TABLE, VOLATILE)):
        yield f"holds up everybody while it goes through the table: {statement}"
    if " DEFAULT " in statement and " REFERENCES " in statement:
        yield f"looks up every row: {statement}"


def is_like(pattern: str, statement: str) -> bool:
    return re.fullmatch(pattern, statement, flags=re.IGNORECASE) is not None


def matches(pattern: str, statement: str) -> list[str]:
    return re.findall(pattern, statement, flags=re.IGNORECASE)
