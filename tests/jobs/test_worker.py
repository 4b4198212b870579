from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import LiteralString

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.types import JSONDict

from nexus.catalog.models import Movie
from nexus.jobs.worker import WorkerThread
from nexus.queue import do_later
from tests.builders import NOW, make_movie
from tests.client import Api
from tests.tmdb_server import TmdbServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_timetable"),
]

LIMIT_S = 60


@pytest.fixture
def idle_worker(no_timetable: None) -> Iterator[WorkerThread]:
    thread = WorkerThread()
    yield thread
    thread.stop()
    assert not thread.is_alive()


@pytest.fixture
def worker(idle_worker: WorkerThread) -> WorkerThread:
    idle_worker.start()
    return idle_worker


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = monotonic() + LIMIT_S
    pause = Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.02)


def attempts_of(task: str) -> int:
    return int(ProcrastinateJob.objects.get(task_name=task).attempts)


def status_of(task: str) -> str:
    return str(ProcrastinateJob.objects.filter(task_name=task).earliest("id").status)


def workers() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        return int(cursor.fetchone()[0])


def test_it_works(worker: WorkerThread, tmdb: TmdbServer) -> None:
    make_movie(603, title="Old", fetched_at=timezone.now() - timedelta(days=8))

    assert Api().get("/api/movies/603/").json["title"] == "Old"

    wait_until(lambda: status_of("refresh_movie") == "succeeded")
    answer = Api().get("/api/movies/603/")
    assert answer.json["title"] == "The Matrix"
    assert answer.json["meta"]["source"] == "cache"


def test_it_refreshes_a_list(worker: WorkerThread, tmdb: TmdbServer) -> None:
    wanted: JSONDict = {"window": "day", "page": 1}

    do_later(
        "refresh_listing", once="x", arguments={"name": "trending", "wanted": wanted}
    )

    wait_until(lambda: status_of("refresh_listing") == "succeeded")
    assert Api().get("/api/movies/trending/").json["meta"]["source"] == "cache"


def test_a_refresh_that_fails_is_tried_again(
    worker: WorkerThread, tmdb: TmdbServer
) -> None:
    make_movie(603, title="Old", fetched_at=NOW - timedelta(days=8))
    tmdb.fail("401")

    do_later("refresh_movie", once="603", arguments={"movie_id": 603})
    wait_until(lambda: attempts_of("refresh_movie") == 1)
    tmdb.recover()

    wait_until(lambda: status_of("refresh_movie") == "succeeded")
    assert Movie.objects.get().title == "The Matrix"


def test_it_takes_up_what_a_dead_worker_left(
    idle_worker: WorkerThread, tmdb: TmdbServer
) -> None:
    make_movie(603, title="Old", fetched_at=NOW - timedelta(days=8))
    leave_unfinished(603)
    do_later("take_up_stalled_jobs", once="x", arguments={"timestamp": 0})

    idle_worker.start()

    wait_until(lambda: status_of("refresh_movie") == "succeeded")
    assert Movie.objects.get().title == "The Matrix"


def test_what_waits_already_is_not_taken_up_again(
    idle_worker: WorkerThread, tmdb: TmdbServer
) -> None:
    leave_unfinished(603)
    do_later("refresh_movie", once="603", arguments={"movie_id": 603})
    change_jobs("SET scheduled_at = now() + interval '1 hour' WHERE status = 'todo'")
    do_later("take_up_stalled_jobs", once="x", arguments={"timestamp": 0})

    idle_worker.start()

    wait_until(lambda: status_of("take_up_stalled_jobs") == "succeeded")
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_movie").order_by("id")
    assert [job.status for job in jobs] == ["failed", "todo"]


def leave_unfinished(movie_id: int) -> None:
    do_later("refresh_movie", once=str(movie_id), arguments={"movie_id": movie_id})
    change_jobs("SET status = 'doing'")


def change_jobs(how: LiteralString) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs " + how)


def test_it_stops_at_once_and_signs_off() -> None:
    thread = WorkerThread()
    thread.start()
    wait_until(lambda: workers() == 1)

    thread.stop()

    assert not thread.is_alive()
    assert workers() == 0


def test_it_starts_again_after_the_database_came_back(
    worker: WorkerThread, tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus.jobs.worker.START_AGAIN_S", 0.01)
    make_movie(603, title="Old", fetched_at=NOW - timedelta(days=8))
    wait_until(lambda: workers() == 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    do_later("refresh_movie", once="603", arguments={"movie_id": 603})

    wait_until(lambda: status_of("refresh_movie") == "succeeded")
    assert Movie.objects.get(id=603).title == "The Matrix"


def test_it_stops_before_it_has_begun() -> None:
    thread = WorkerThread()
    thread.start()

    thread.stop()

    assert not thread.is_alive()


def test_it_may_be_stopped_twice() -> None:
    thread = WorkerThread()
    thread.stop()
    thread.start()
    thread.stop()

    thread.stop()

    assert not thread.is_alive()
