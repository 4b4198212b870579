from collections.abc import Callable
from datetime import timedelta
from threading import Event
from time import monotonic

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog.models import Movie
from nexus.jobs.worker import WorkerThread
from tests.builders import make_movie
from tests.client import Api
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_S = 15


@pytest.fixture
def worker() -> Iterator[WorkerThread]:
    thread = WorkerThread()
    thread.start()
    yield thread
    thread.stop()
    assert not thread.is_alive()


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = monotonic() + LIMIT_S
    pause = Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.02)


def has_ended(status: str) -> bool:
    return ProcrastinateJob.objects.filter(status=status).exists()


def test_it_works(worker: WorkerThread, tmdb: TmdbServer) -> None:
    make_movie(603, title="Old", fetched_at=timezone.now() - timedelta(days=8))

    assert Api().get("/api/movies/603/").json["title"] == "Old"

    wait_until(lambda: has_ended("succeeded"))
    assert Movie.objects.get().title == "The Matrix"
