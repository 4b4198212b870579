"""Four web processes and very many callers before one slow TMDb."""

import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Barrier, Event
from time import monotonic, perf_counter

import pytest

from nexus.catalog.budget import CALLS, WINDOW_S
from nexus.catalog.upstream import CALL_LIMIT_S
from tests.launch.program import Program, connections_to, listeners_at
from tests.tmdb_server import TmdbServer
from tests.valkey_process import ValkeyProcess

PROCESSES = 4
FILM = 920_001
FILMS = range(920_101, 920_201)
NO_FILM = 920_002
MARGIN_S = 5.0  # for hundreds of threads on a busy machine
PATIENCE_S = 30.0
TIRED_S = 20.0  # after so long a caller gives up asking again


@dataclass(frozen=True, slots=True)
class Seen:
    status: int
    took_s: float
    retry_after_s: int | None
    body: bytes


class Caller:
    """Somebody with a connection of their own, who asks again when told to."""

    def __init__(self, port: int, path: str) -> None:
        self.path = path
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self.seen: list[Seen] = []

    def look_around(self) -> None:
        """Read something stored: a program just started has threads to start, too."""
        self.connection.request("GET", "/api/genres/")
        assert self.connection.getresponse().read()

    def ask(self) -> Seen:
        began_s = perf_counter()
        self.connection.request("GET", self.path)
        answer = self.connection.getresponse()
        body = answer.read()
        told = answer.headers["Retry-After"]
        took_s = perf_counter() - began_s
        self.seen.append(Seen(answer.status, took_s, int(told) if told else None, body))
        return self.seen[-1]

    def ask_until_answered(self) -> None:
        give_up_at = monotonic() + TIRED_S
        while (seen := self.ask()).status == 503 and monotonic() < give_up_at:
            assert seen.retry_after_s
            Event().wait(seen.retry_after_s)


@pytest.fixture
def tmdb() -> Iterator[TmdbServer]:
    with TmdbServer() as server:
        yield server


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("processes") / "home")


@pytest.fixture
def program(installed: Program, tmdb: TmdbServer) -> Iterator[Program]:
    with ValkeyProcess() as valkey:
        installed.start(
            WEB_WORKERS=str(PROCESSES),
            VALKEY_URL=valkey.url,
            TMDB_API_URL=tmdb.url,
            TMDB_API_KEY=tmdb.key,
            RATE_LIMITS="off",
            LOG_LEVEL="warning",
        )
        wait_until(lambda: listeners_at(installed.port) == PROCESSES)
        yield installed
        assert installed.end(signal.SIGTERM) == 0


def call_together(program: Program, paths: list[str]) -> list[Caller]:
    """Have one caller per path ask at the same moment, and again as they are told."""
    callers = [Caller(program.port, path) for path in paths]
    start = Barrier(len(callers), timeout=PATIENCE_S)

    def run(caller: Caller) -> None:
        caller.look_around()
        start.wait()
        caller.ask_until_answered()

    with ExitStack() as stack:
        for caller in callers:
            stack.enter_context(closing(caller.connection)).connect()
        assert_all_processes_hear(program, len(callers))
        with ThreadPoolExecutor(len(callers)) as pool:
            list(pool.map(run, callers))
    return callers


def assert_all_processes_hear(program: Program, number: int) -> None:
    """Wait until every connection is accepted; none of the processes may lack any."""
    wait_until(lambda: connections_to(program.port).total() == number)
    assert sorted(connections_to(program.port)) == program.web_processes()
    assert len(program.web_processes()) == PROCESSES


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < give_up_at


def tell(count: Callable[[str], None], what: str, callers: list[Caller]) -> None:
    count(f"slowest of {what}: {slowest(callers, 200):.2f} {slowest(callers, 503):.2f}")
    for caller in callers:
        count(f"callers of {what} got {[seen.status for seen in caller.seen]}")


def slowest(callers: list[Caller], status: int) -> float:
    """Return the seconds of the slowest answer of this status."""
    answers = [seen for caller in callers for seen in caller.seen]
    return max((seen.took_s for seen in answers if seen.status == status), default=0.0)


def test_of_two_hundred_callers_of_a_film_one_asks_tmdb(
    program: Program, tmdb: TmdbServer, count: Callable[[str], None]
) -> None:
    tmdb.add_movie(FILM, "Wanted by all")
    tmdb.slow_down(1.5)

    callers = call_together(program, [f"/api/movies/{FILM}/"] * 200)
    tell(count, "one film", callers)

    assert tmdb.calls[f"/movie/{FILM}"] == 1
    assert {json.loads(one.seen[-1].body)["title"] for one in callers} == {
        "Wanted by all"
    }
    assert slowest(callers, 200) < CALL_LIMIT_S + MARGIN_S
    assert slowest(callers, 503) < MARGIN_S


def test_a_hundred_films_are_asked_for_in_turns(
    program: Program, tmdb: TmdbServer, count: Callable[[str], None]
) -> None:
    for film in FILMS:
        tmdb.add_movie(film, f"Film {film}")
    tmdb.slow_down(0.1)
    began_s = monotonic()

    callers = call_together(program, [f"/api/movies/{film}/" for film in FILMS])
    tell(count, "a hundred films", callers)
    count(f"calls to TMDb at most within a second: {tmdb.busiest(1.0)}")

    assert {one.seen[-1].status for one in callers} == {200}
    assert {tmdb.calls[f"/movie/{film}"] for film in FILMS} == {1}
    assert not tmdb.early(calls=CALLS, window_s=WINDOW_S, since=began_s)
    assert slowest(callers, 200) < CALL_LIMIT_S + MARGIN_S
    assert slowest(callers, 503) < MARGIN_S


def test_a_film_that_tmdb_does_not_know_is_asked_for_once(
    program: Program, tmdb: TmdbServer, count: Callable[[str], None]
) -> None:
    tmdb.slow_down(1.5)

    callers = call_together(program, [f"/api/movies/{NO_FILM}/"] * 60)
    tell(count, "no film", callers)

    assert tmdb.calls[f"/movie/{NO_FILM}"] == 1
    assert {one.seen[-1].status for one in callers} == {404}
    assert slowest(callers, 404) < CALL_LIMIT_S + MARGIN_S
