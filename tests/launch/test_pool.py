"""However many come, and however its threads come and go, connections are few."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.launch.program import Program

THREADS, OF_JOBS = 8, 10


@pytest.fixture
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("pool") / "home")
    program.start(WEB_THREADS=str(THREADS), RATE_LIMITS="off")
    yield program
    assert program.end(signal.SIGTERM) == 0


def connections(program: Program) -> int:
    """Count those that serve requests and jobs; the queue's own are named."""
    where = f"host={program.home / 'socket'} user=nexus dbname=nexus"
    with psycopg.connect(where) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = 'nexus' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_it_works(program: Program) -> None:
    url = f"http://127.0.0.1:{program.port}/api/movies/?page_size=1"

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: httpx.get(url, timeout=30), range(200)))

    assert {answer.status_code for answer in answers} == {200}
    assert 1 < connections(program) <= THREADS + 2 * OF_JOBS
