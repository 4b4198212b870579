"""Upgrades, while the version before still serves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from tests.builders import make_movie

pytestmark = pytest.mark.django_db(transaction=True)

INDEXES = {"movies_by_popularity", "movie_title_words"}
LIMIT_S = 30.0


def migrate(to: str = "") -> None:
    call_command("migrate", "catalog", *filter(None, [to]), verbosity=0)


@pytest.fixture
def without_indexes() -> Iterator[None]:
    migrate("0005")
    assert valid_indexes() == set()
    yield
    call_command("migrate", verbosity=0)  # also what other apps build upon it


def valid_indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indisvalid AND relname = ANY(%s)",
            [list(INDEXES)],
        )
        return {name for (name,) in cursor.fetchall()}


def wait_until_it_builds() -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() is not None:
                return
            assert monotonic() < give_up_at
            pause.wait(0.02)


def migrate_in_thread() -> None:
    try:
        migrate()
    finally:
        connections.close_all()


def test_films_are_written_while_their_indexes_are_built(
    without_indexes: None,
) -> None:
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            make_movie(title="One")  # the build waits for this transaction of others
            build = pool.submit(migrate_in_thread)
            pool.submit(write_meanwhile).result()
        build.result()

    assert valid_indexes() == INDEXES


def write_meanwhile() -> None:
    try:
        wait_until_it_builds()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        make_movie(title="Another")
    finally:
        connections.close_all()


def test_a_build_that_was_interrupted_is_begun_again(without_indexes: None) -> None:
    make_movie()
    make_movie()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY movies_by_popularity"
            " ON catalog_movie ((1))"
        )

    migrate()

    assert valid_indexes() == INDEXES


def test_the_calls_of_tmdb_do_not_wait_for_the_disk() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = 'catalog_tmdbcalls'"
        )
        assert cursor.fetchone() == ("u",)
