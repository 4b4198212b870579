"""Two web processes that keep public answers, and changes that neither of them made."""

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic

import pytest
from django.db import connection

from nexus.catalog.models import Movie
from tests.builders import make_genres, make_movie
from tests.launch.program import Program

pytestmark = pytest.mark.django_db(transaction=True)

CHANGES = 5
# Of both processes some of so many connections, as the kernel deals them out.
CONNECTIONS = 16
PATIENCE_S = 20.0  # on a busy machine; how long it takes is told, not judged


@pytest.fixture
def program(variables: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path / "home")
    found.start(**variables, WEB_WORKERS="2", WORKER_IN_WEB="off")
    yield found
    found.process.kill()
    found.wait()


def title_told(http: HTTPConnection) -> str:
    http.request("GET", "/api/movies/?genres=Drama")
    return str(json.loads(http.getresponse().read())["results"][0]["title"])


def test_every_process_tells_of_a_change(
    program: Program, count: Callable[[str], None]
) -> None:
    make_genres()
    movie = make_movie(title="Title 0")
    callers = [
        HTTPConnection("127.0.0.1", program.port, timeout=PATIENCE_S)
        for _ in range(CONNECTIONS)
    ]

    took = [
        seconds_until_told(callers, movie, f"Title {number}")
        for number in range(1, CHANGES + 1)
    ]

    for caller in callers:
        caller.close()
    told = f"{median(took):.2f}, at most {max(took):.2f}"
    count(f"seconds until two processes told a change: {told}")
    assert len(took) == CHANGES


def seconds_until_told(
    callers: list[HTTPConnection], movie: Movie, title: str
) -> float:
    """Change the title by hand; return when the last of all callers is told."""
    assert {title_told(caller) for caller in callers} != {title}
    with connection.cursor() as cursor:
        words = "UPDATE catalog_movie SET title = %s WHERE id = %s"
        cursor.execute(words, [title, movie.pk])
    began_at = monotonic()
    while {title_told(caller) for caller in callers} != {title}:
        assert monotonic() < began_at + PATIENCE_S
    return monotonic() - began_at
