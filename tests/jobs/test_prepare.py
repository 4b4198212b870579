"""What happens before the start, where others serve or prepare at the same moment."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO
from queue import SimpleQueue
from threading import Event

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from nexus.database.migrations import pending_migrations
from nexus.jobs import migrating
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_S = 30.0
KEPT_BUSY = "LOCK TABLE catalog_credit IN ROW EXCLUSIVE MODE"  # as a writer does


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(database_url())) as found:
        yield found


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The migrations that a database lacks, for somebody who is in a hurry."""
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(migrating, "PAUSE_S", 0.0)
    call_command("migrate", "catalog", "0006", verbosity=0)
    yield pending_migrations()
    call_command("migrate", verbosity=0)


def setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


class Person(StringIO):
    """Who watches at a terminal."""

    def isatty(self) -> bool:
        return True


def test_it_works(older: list[str]) -> None:
    told = StringIO()

    call_command("prepare", "--json", stdout=told)

    assert pending_migrations() == []
    summary = json.loads(told.getvalue())
    assert "catalog.0007_changes" in older
    assert summary["migrated"] == older
    assert summary["films_added"] > 800


def test_an_upgrade_is_told_to_a_person(
    older: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("prepare", stdout=Person())
    told = capsys.readouterr().out
    call_command("prepare", stdout=Person())
    told_again = capsys.readouterr().out

    assert "Applying catalog.0007_changes... OK" in told
    assert told_again == ""


def test_it_waits_for_the_one_that_was_first(
    other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "ASK_EVERY_S", 0.01)
    other.execute("SELECT pg_advisory_lock(%s)", [migrating.LOCK])
    told, entered = SimpleQueue[str](), Event()

    with ThreadPoolExecutor() as pool:
        second = pool.submit(enter, told, entered)
        told.get(timeout=LIMIT_S)
        entered_early = entered.is_set()
        is_idle = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        waits_within_a_statement = other.execute(is_idle).fetchone()
        other.execute("SELECT pg_advisory_unlock(%s)", [migrating.LOCK])
        second.result(LIMIT_S)

    assert (entered_early, entered.is_set()) == (False, True)
    assert waits_within_a_statement is None
    taken = other.execute("SELECT pg_try_advisory_lock(%s)", [migrating.LOCK])
    assert taken.fetchone() == (True,)


def enter(told: "SimpleQueue[str]", entered: Event) -> None:
    try:
        with migrating.alone(told.put):
            entered.set()
    finally:
        connections.close_all()


def test_it_lets_others_through_and_tries_again(
    older: list[str], other: psycopg.Connection
) -> None:
    other.execute(KEPT_BUSY)
    told: list[str] = []

    def end_the_work(text: str) -> None:
        told.append(text)
        other.rollback()

    migrating.migrate(end_the_work)

    assert len(told) == 1
    assert pending_migrations() == []
    assert setting() == "0"


def test_it_gives_up_where_nobody_lets_go(
    older: list[str], other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "TRIES", 2)
    other.execute(KEPT_BUSY)
    complaints = StringIO()

    with pytest.raises(CommandError, match="pg_stat_activity"):
        call_command("prepare", stderr=complaints)

    assert complaints.getvalue().count("Others hold tables") == 1
    assert pending_migrations() == older
    assert setting() == "0"


def test_another_failure_is_told_as_it_is(older: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalog_credit RENAME TO somewhere_else")
    try:
        with pytest.raises(Exception, match="catalog_credit"):
            migrating.migrate(print)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE somewhere_else RENAME TO catalog_credit")


def test_what_holds_nobody_up_may_wait_for_long() -> None:
    limit = "SELECT current_setting('lock_timeout')"

    with (
        migrating.lock_timeout("5s"),
        connection.execute_wrapper(migrating.without_timeout),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{limit} -- CREATE INDEX CONCURRENTLY")
        built_concurrently = cursor.fetchone()[0]
        cursor.execute(limit)
        another = cursor.fetchone()[0]

    assert (built_concurrently, another, setting()) == ("0", "5s", "0")
