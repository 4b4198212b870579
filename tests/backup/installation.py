"""Installations that back up and restore, and what their databases hold."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from tests.launch.program import LIMIT_S, call
from tests.servers import database_url

TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""
# Of each row as text, whatever its order: equal hashes are equal tables.
DIGEST = """
SELECT count(*), coalesce(md5(string_agg(row, '' ORDER BY row)), '')
FROM (SELECT md5(t::text) AS row FROM {} t) AS rows
"""

CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"

Contents = dict[str, tuple[int, str]]


class Installation:
    """A home, a database and a folder of models, used by the real program."""

    def __init__(self, home: Path, *, url: str, models: Path) -> None:
        self.home = home
        self.url = url
        self.models = models

    @property
    def variables(self) -> Mapping[str, str]:
        place = {"DATABASE_URL": self.url, "SECRET_KEY": settings.SECRET_KEY}
        return place | {"MODELS_DIR": str(self.models), "LOG_LEVEL": "warning"}

    def call(self, *words: str, **others: str) -> subprocess.CompletedProcess[str]:
        return call(self.home, *words, **{**self.variables, **others})

    def contents(self) -> Contents:
        return contents_of(self.url)

    def files(self) -> dict[str, bytes]:
        """Return what lies in the folder of models."""
        return {
            str(path.relative_to(self.models)): path.read_bytes()
            for path in self.models.rglob("*")
            if path.is_file()
        }


def contents_of(url: str) -> Contents:
    with closing(psycopg.connect(url)) as connection:
        names = [name for (name,) in connection.execute(TABLES)]
        return {name: digest_of(connection, name) for name in names}


def digest_of(connection: psycopg.Connection[Any], table: str) -> tuple[int, str]:
    query = sql.SQL(DIGEST).format(sql.Identifier(table))
    ((count, digest),) = connection.execute(query)
    return count, digest


@contextmanager
def empty_database(name: str) -> Iterator[str]:
    """Make a database on the tests' server; yields its address."""
    url = named(database_url(), name)
    command(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    command(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield url
    finally:
        command(f"DROP DATABASE {name} WITH (FORCE)")


def wait_until_it_waits(program: str) -> None:
    """Wait until the program is held up by somebody's lock."""
    waiting = "AND wait_event_type = 'Lock'"
    wait_until(lambda: count_of(program, waiting) > 0)


@contextmanager
def waiting_for_a_replica(name: str) -> Iterator[None]:
    """Have each commit in this database wait for a replica that never comes."""
    command(f"ALTER DATABASE {name} SET synchronous_commit = 'on'")
    command("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    command("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        command("ALTER SYSTEM RESET synchronous_standby_names")
        command("SELECT pg_reload_conf()")


def wait_until_it_commits(statement: str) -> None:
    """Wait until somebody's commit of that statement waits for a replica."""
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = %s"
    url = named(database_url(), "postgres")
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        wait_until(
            lambda: connection.execute(query, [statement]).fetchone() is not None
        )


def wait_until_it_left(program: str) -> None:
    """Wait until the server has noticed that the program is no more."""
    wait_until(lambda: count_of(program) == 0)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.01)


def count_of(program: str, condition: str = "") -> int:
    query = f"{CONNECTED} {condition}"
    with closing(psycopg.connect(named(database_url(), "postgres"))) as connection:
        ((count,),) = connection.execute(query.encode(), [program])
    return int(count)


def named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def command(text: str, *, database: str = "postgres") -> None:
    url = named(database_url(), database)
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(text.encode())
