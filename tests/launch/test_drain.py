"""SIGTERM: what was begun is ended."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog.models import Movie
from nexus.queue import do_later
from tests.launch.program import (
    LIMIT_S,
    Program,
    processes_of,
    running,
    wait_until,
)
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db(transaction=True)

FILM = 940_001
A_WHILE_S = 1.5  # that TMDb takes


@pytest.fixture
def slow(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    tmdb.add_movie(FILM, "Film")
    tmdb.slow_down(A_WHILE_S, below=f"/movie/{FILM}")
    yield tmdb
    tmdb.remove_movie(FILM)


def wait_until_asked(tmdb: TmdbServer) -> None:
    wait_until(lambda: tmdb.calls[f"/movie/{FILM}"] > 0)


def test_a_request_that_runs_is_answered(
    tmp_path: Path, variables: dict[str, str], slow: TmdbServer
) -> None:
    program = Program(tmp_path / "home")
    program.start(**variables, WORKER_IN_WEB="off")
    address = f"http://127.0.0.1:{program.port}/api/movies/{FILM}/"

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.get, address, timeout=LIMIT_S)
        wait_until_asked(slow)
        code = program.end(signal.SIGTERM)

    assert asked.result().status_code == 200
    assert code == 0
    assert not processes_of(program.home)


def test_a_job_that_runs_is_done(
    tmp_path: Path, variables: dict[str, str], slow: TmdbServer
) -> None:
    home, places = tmp_path / "home", variables | {"WORKER_IN_WEB": "off"}
    with running(home, "worker", **places) as worker:
        do_later("refresh_movie", arguments={"movie_id": FILM})
        wait_until_asked(slow)
        worker.send_signal(signal.SIGTERM)
        told, complained = worker.communicate(timeout=LIMIT_S)

    assert (worker.returncode, told, complained) == (0, "", "")
    assert Movie.objects.filter(id=FILM).exists()
    job = ProcrastinateJob.objects.get(task_name="refresh_movie")
    assert job.status == "succeeded"


def test_an_unknown_queue_is_refused(tmp_path: Path, variables: dict[str, str]) -> None:
    with running(tmp_path / "home", "worker", "--queues", "x", **variables) as worker:
        _, complained = worker.communicate(timeout=LIMIT_S)

    assert worker.returncode == 2
    assert complained == "CommandError: There is no queue 'x'.\n"
