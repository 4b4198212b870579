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
    program.start(WEB_THREADS=str(THREADS), RATE_LIMITS="off", EDGE_CACHE_MB="0")
    yield program
    assert program.end(signal.SIGTERM) == 0


def ask(program: Program, statement: str) -> int:
    """Return the one number that the program's database answers."""
    where = f"host={program.home / 'socket'} user=nexus dbname=nexus"
    with psycopg.connect(where, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def connections(program: Program) -> int:
    """Count those that serve requests and jobs; the queue's own are named."""
    return ask(
        program,
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = 'nexus' AND pid <> pg_backend_pid()",
    )


def get_movies(program: Program, times: int) -> set[int]:
    url = f"http://127.0.0.1:{program.port}/api/movies/?page_size=1"
    with ThreadPoolExecutor(40) as pool:
        answers = pool.map(lambda _: httpx.get(url, timeout=30), range(times))
        return {answer.status_code for answer in answers}


def test_it_works(program: Program) -> None:
    assert get_movies(program, 200) == {200}
    assert 1 < connections(program) <= THREADS + 2 * OF_JOBS


def test_it_lends_none_that_the_server_has_ended(program: Program) -> None:
    get_movies(program, 200)

    ended = ask(
        program,
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = 'nexus' AND pid <> pg_backend_pid()"
        " AND application_name = ''",
    )

    assert ended > 1
    assert get_movies(program, 200) == {200}
