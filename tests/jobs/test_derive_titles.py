"""What films are found by, after a version that derived it otherwise."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from nexus.catalog.models import Movie
from nexus.jobs import tasks
from nexus.jobs.worker import WorkerThread
from nexus.queue.state import queue_state
from tests.builders import make_movie
from tests.jobs.test_worker import idle_worker, status_of, wait_until, worker
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["idle_worker", "worker"]  # fixtures

WAITING = ("derive_titles_anew", "todo")


@pytest.fixture
def older() -> Movie:
    """A film that an older version stored."""
    movie = make_movie(title="Spider-Man")
    Movie.objects.update(title_keys=["spider man"], title_words=["spider", "man"])
    return movie


def test_the_job_puts_it_right(
    worker: WorkerThread, older: Movie, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, which is led to the database of this test."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)

    tasks.derive_titles(timestamp=0)

    wait_until(lambda: status_of("derive_titles_anew") == "succeeded")
    older.refresh_from_db()
    assert "spiderman" in older.title_words


def test_it_is_looked_for_until_nothing_was_wrong(older: Movie) -> None:
    tasks.derive_titles(timestamp=0)
    tasks.derive_titles(timestamp=0)
    waiting = queue_state().jobs[WAITING]
    told = StringIO()

    call_command("titles", stdout=told)
    call_command("titles", stdout=told)

    tasks.derive_titles(timestamp=0)
    assert told.getvalue() == "1 film put right\n0 films put right\n"
    assert (waiting, queue_state().jobs[WAITING]) == (1, 1)


def test_nothing_is_looked_for_once_it_is_done(older: Movie) -> None:
    call_command("titles", stdout=StringIO())
    call_command("titles", stdout=StringIO())

    tasks.derive_titles(timestamp=0)

    assert queue_state().jobs[WAITING] == 0


def test_the_start_does_not_wait_for_it(older: Movie) -> None:
    call_command("prepare", stdout=StringIO())

    older.refresh_from_db()
    assert older.title_words == ["spider", "man"]
