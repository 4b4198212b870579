"""Migrations of a database that others serve from, or prepare as well, meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Final

import psycopg
from django.core.management import call_command
from django.db import Error, OperationalError, connection
from psycopg.errors import LockNotAvailable

from nexus.database.migrations import pending_migrations
from nexus.lib.errors import UnavailableError

LOCK: Final = 20_310_501_736_211  # any number; all versions have to name the same
ASK_EVERY_S: Final = 0.5
WAIT_LIMIT_S: Final = 1_800.0
# Whoever comes after a statement that waits for a table waits for it as well.
LOCK_TIMEOUT: Final = "5s"
PAUSE_S: Final = 10.0  # in which those are served
TRIES: Final = 20

Tell = Callable[[str], None]


class TablesInUse(UnavailableError):
    code = "tables_in_use"

    def __init__(self) -> None:
        super().__init__(
            "Others hold tables that are to be changed, for minutes: see "
            "pg_stat_activity. Nothing is lost; run it again when they have ended, as "
            "a backup does."
        )


class BeingPrepared(UnavailableError):
    code = "being_prepared"

    def __init__(self) -> None:
        super().__init__(
            "Another process has been preparing this database for half an hour: see "
            "pg_stat_activity. Run it again when that has ended."
        )


@contextmanager
def alone(tell: Tell) -> Iterator[None]:
    """Let one process at a time prepare this database; raises BeingPrepared.

    The lock is that of a transaction which does nothing else: also behind a pooler it
    stays where it was taken, and it has no snapshot that concurrent builds would wait
    for. So it is asked for again and again: whoever waits within a statement has one.
    """
    with closing(psycopg.connect(**connection.get_connection_params())) as holder:
        if not is_taken(holder):
            tell("Another process prepares this database: waiting for it.")
            wait_for(holder)
        yield


def wait_for(holder: psycopg.Connection[Any]) -> None:
    give_up_at = time.monotonic() + WAIT_LIMIT_S
    while not is_taken(holder):
        if time.monotonic() > give_up_at:
            raise BeingPrepared
        time.sleep(ASK_EVERY_S)


def is_taken(holder: psycopg.Connection[Any]) -> bool:
    row = holder.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
    return row is not None and bool(row[0])


def migrate(tell: Tell, *, verbosity: int = 0) -> None:
    """Migrate without holding up those who serve; raises TablesInUse.

    Trying again is safe: a migration is undone as a whole, or may be repeated. With
    none to apply nothing is set for the session, which may be a pooler's.
    """
    if not pending_migrations():
        call_command("migrate", interactive=False, verbosity=0)  # what follows them
        return
    for _ in range(TRIES - 1):
        if try_to_migrate(verbosity):
            return
        tell(f"Others hold tables that are to be changed: again in {PAUSE_S:.0f} s.")
        time.sleep(PAUSE_S)
    if not try_to_migrate(verbosity):
        raise TablesInUse


def try_to_migrate(verbosity: int) -> bool:
    """Migrate; return False if a table could not be had within the time limit."""
    try:
        with lock_timeout(LOCK_TIMEOUT), connection.execute_wrapper(without_timeout):
            call_command("migrate", interactive=False, verbosity=verbosity)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True


def without_timeout(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """Let what is built or dropped concurrently wait: it holds nobody up meanwhile."""
    if "CONCURRENTLY" not in str(sql):
        return execute(sql, *rest)
    with lock_timeout("0"):
        return execute(sql, *rest)


@contextmanager
def lock_timeout(limit: str) -> Iterator[None]:
    before = set_lock_timeout(limit)
    try:
        yield
    finally:
        with suppress(Error):  # the failure itself is what is to be told
            set_lock_timeout(before)


def set_lock_timeout(limit: str) -> str:
    """Set it for this session; return what it was."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
    return str(before)
