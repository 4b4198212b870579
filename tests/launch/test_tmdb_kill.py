"""Killed in the middle of a film: nothing is half, nothing twice, nothing lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, Protocol

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog.flight import LEASE_S
from nexus.catalog.models import Credit, Movie
from nexus.catalog.operations import refresh_movie
from nexus.env import PROJECT_DIR
from nexus.queue import do_later
from tests.client import Answer, Api
from tests.launch.program import (
    LIMIT_S,
    Program,
    command_of,
    environment,
    processes_of,
    wait_until_gone,
)
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = pytest.mark.installation

FILMS = (930_001, 930_002, 930_003)
COLD = 930_004
NEVER_S = 20.0  # far more than anybody waits
MARGIN_S = 5.0  # for a busy machine


@pytest.fixture
def tmdb(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    for movie_id in (*FILMS, COLD):
        tmdb.add_movie(movie_id, f"Film {movie_id}")
    yield tmdb
    for movie_id in (*FILMS, COLD):
        tmdb.remove_movie(movie_id)


class Process(Protocol):
    """What runs jobs."""

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class Web:
    """The product, with its worker inside."""

    def __init__(self, home: Path, variables: dict[str, str]) -> None:
        self.program = Program(home)
        self.variables = variables

    def start(self) -> None:
        self.program.start(**self.variables)

    def kill(self) -> None:
        """Kill what would start another web process; the one there is ends with it."""
        os.kill(self.program.pid_of("granian"), signal.SIGKILL)
        assert self.program.wait() == 1

    def stop(self) -> None:
        if self.program.is_running:
            assert self.program.end(signal.SIGTERM) == 0


class Worker:
    """A worker of its own."""

    def __init__(self, home: Path, variables: dict[str, str]) -> None:
        self.home = home
        self.variables = variables | {"WORKER_IN_WEB": "off"}

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nexus", "worker"],
            cwd=PROJECT_DIR,
            env=environment(self.home, **self.variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        inner = {"nexus.manage", "worker"}
        for pid in processes_of(self.home):
            if inner <= set(command_of(pid)):
                os.kill(pid, signal.SIGKILL)
        assert self.process.wait(LIMIT_S) != 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(LIMIT_S)
        wait_until_gone(self.home)


@pytest.fixture(params=[pytest.param(Web, marks=SLOW), Worker])
def process(
    request: pytest.FixtureRequest, tmp_path: Path, variables: dict[str, str]
) -> Iterator[Process]:
    found: Process = request.param(tmp_path / "home", variables)
    yield found
    found.stop()


@contextmanager
def while_it_asks(tmdb: TmdbServer) -> Iterator[None]:
    """Have nobody get the answer for a film until the block ends."""
    tmdb.slow_down(NEVER_S, below="/movie/93")
    yield
    tmdb.slow_down(0)


@contextmanager
def while_it_stores(_: TmdbServer) -> Iterator[None]:
    """Have nobody write the last rows of a film until the block ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE catalog_movie_keywords IN ACCESS EXCLUSIVE MODE")
        yield
    wait_until(lambda: locks("locktype = 'advisory'") == 0)  # of the film


def is_in_the_middle(tmdb: TmdbServer) -> bool:
    """Say whether somebody is held up by one of the two."""
    stored = "relation = 'catalog_movie_keywords'::regclass AND NOT granted"
    slow = any(path.startswith("/movie/93") for path in tmdb.calls)
    return locks(stored) > 0 or (slow and not connection.in_atomic_block)


def locks(which: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_locks WHERE {which}")  # noqa: S608  ours
        return int(cursor.fetchone()[0])


MOMENTS = pytest.mark.parametrize(
    "moment", [pytest.param(while_it_asks, marks=SLOW), while_it_stores]
)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = monotonic() + LIMIT_S
    pause = Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.02)


def stored(movie_id: int) -> dict[str, Any]:
    """Return what we hold of a film."""
    movie = Movie.objects.get(id=movie_id)
    credits_ = Credit.objects.filter(movie=movie).order_by("kind", "position")
    return {
        "title": movie.title,
        "people": [one.person.name for one in credits_.select_related("person")],
        "keywords": sorted(keyword.name for keyword in movie.keywords.all()),
    }


def told(tmdb: TmdbServer, movie_id: int) -> dict[str, Any]:
    """Return the same of what TMDb tells."""
    film = tmdb.movies[movie_id]
    people = [*film["credits"]["cast"], *film["credits"]["crew"]]
    return {
        "title": film["title"],
        "people": [one["name"] for one in people],
        "keywords": sorted(one["name"] for one in film["keywords"]["keywords"]),
    }


def statuses() -> list[str]:
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_movie").order_by("id")
    return [str(job.status) for job in jobs]


@MOMENTS
def test_a_refresh_is_taken_up_again(
    process: Process, tmdb: TmdbServer, moment: Callable[..., Any]
) -> None:
    hold_and_change(tmdb)
    before = [stored(movie_id) for movie_id in FILMS]
    for movie_id in FILMS:
        do_later("refresh_movie", once=str(movie_id), arguments={"movie_id": movie_id})

    with moment(tmdb):
        process.start()
        wait_until(lambda: is_in_the_middle(tmdb))
        process.kill()

    assert [stored(movie_id) for movie_id in FILMS] == before
    assert "doing" in statuses()
    forget_heartbeats()
    do_later("take_up_stalled_jobs", once="x", arguments={"timestamp": 0})
    process.start()
    wait_until(lambda: set(statuses()) == {"succeeded"})
    assert len(statuses()) == len(FILMS)
    for movie_id in FILMS:
        assert stored(movie_id) == told(tmdb, movie_id)


def hold_and_change(tmdb: TmdbServer) -> None:
    """Store the films, then have TMDb tell something else of them."""
    tmdb.slow_down(0)
    for movie_id in FILMS:
        refresh_movie(movie_id=movie_id, now=timezone.now() - timedelta(days=8))
        other = {name: tmdb.movies[680][name] for name in ("credits", "keywords")}
        tmdb.add_movie(movie_id, f"New {movie_id}", **other)
        assert stored(movie_id) != told(tmdb, movie_id)
    tmdb.calls.clear()


def forget_heartbeats() -> None:
    """Let the time pass after which a silent worker counts as dead."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_workers"
            " SET last_heartbeat = last_heartbeat - interval '1 minute'"
        )


@MOMENTS
def test_a_new_film_is_fetched_by_another_process(
    tmp_path: Path,
    variables: dict[str, str],
    tmdb: TmdbServer,
    moment: Callable[..., Any],
    count: Callable[[str], None],
) -> None:
    web = Web(tmp_path / "home", variables)
    web.start()
    address = f"http://127.0.0.1:{web.program.port}/api/movies/{COLD}/"

    with ThreadPoolExecutor(1) as pool:
        with moment(tmdb):
            asked = pool.submit(httpx.get, address, timeout=LIMIT_S)
            wait_until(lambda: is_in_the_middle(tmdb))
            web.kill()
            killed_s = monotonic()
        assert isinstance(asked.exception(LIMIT_S), httpx.TransportError)
    assert not Movie.objects.filter(id=COLD).exists()
    answers = ask_until_answered(f"/api/movies/{COLD}/")

    count(f"answers after a leader was killed: {[one.status for one in answers]}")
    assert answers[-1].status == 200
    assert monotonic() - killed_s < LEASE_S + MARGIN_S
    assert stored(COLD) == told(tmdb, COLD)
    assert tmdb.calls[f"/movie/{COLD}"] == 2


def ask_until_answered(path: str) -> list[Answer]:
    answers = [Api().get(path)]
    while answers[-1].status == 503:
        assert answers[-1].headers["Retry-After"]
        answers.append(Api().get(path))
    return answers
