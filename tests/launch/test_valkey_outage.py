"""The real program under load while its Valkey dies or hangs, and when it is back."""

import json
import signal
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition
from time import perf_counter
from typing import Self

import httpx
import pytest

from nexus.valkey import ANSWER_LIMIT_S
from tests.launch.program import Program
from tests.valkey_process import ValkeyProcess

PATIENCE_S = 20
LOGIN = "/api/auth/login/"
PUBLIC = ["/api/movies/", "/api/movies/603/", "/api/movies/trending/", "/api/genres/"]
PERSONAL = ["/api/user/profile/", "/api/ratings/", "/api/user/recommendations/"]
# No bucket that counts here refills during a test.
LIMITS = (
    "anonymous=1000000/60,member=1000000/60,"
    "login-address=100000/60,login-account=10/86400"
)


@dataclass(frozen=True, slots=True)
class Seen:
    path: str
    status: int
    took_s: float
    policy: str


class Load:
    """Threads that read and guess a password for as long as the block lasts."""

    def __init__(self, program: Program, name: str) -> None:
        self.guessed = {"email": f"{name}@example.org", "password": "wrong-horse-8"}
        self.base = f"http://127.0.0.1:{program.port}"
        self.news = Condition()
        self.seen: list[Seen] = []
        self.is_over = False

    def __enter__(self) -> Self:
        owner = self.guessed | {"name": "Owner", "password": "battery-staple-7"}
        answer = httpx.post(f"{self.base}/api/auth/register/", json=owner)
        self.headers = {"Authorization": f"Bearer {answer.json()['access']}"}
        self.pool = ThreadPoolExecutor(4)
        tasks = [self.read_public, self.read_personal, self.guess, self.guess]
        self.threads = [self.pool.submit(self.repeat, task) for task in tasks]
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        self.pool.shutdown()
        for thread in self.threads:
            thread.result()

    def repeat(self, task: Callable[[httpx.Client], Iterator[httpx.Response]]) -> None:
        with httpx.Client(base_url=self.base, timeout=PATIENCE_S) as client:
            while not self.is_over:
                started = perf_counter()
                for answer in task(client):
                    self.note(answer, perf_counter() - started)
                    started = perf_counter()

    def note(self, answer: httpx.Response, took_s: float) -> None:
        policy = answer.headers.get("RateLimit-Policy", "")
        path = answer.request.url.path
        with self.news:
            self.seen.append(Seen(path, answer.status_code, took_s, policy))
            self.news.notify_all()

    def read_public(self, client: httpx.Client) -> Iterator[httpx.Response]:
        return (client.get(path) for path in PUBLIC)

    def read_personal(self, client: httpx.Client) -> Iterator[httpx.Response]:
        return (client.get(path, headers=self.headers) for path in PERSONAL)

    def guess(self, client: httpx.Client) -> Iterator[httpx.Response]:
        yield client.post(LOGIN, json=self.guessed)

    def wait_until_refused(self, *, quota: int) -> None:
        """Wait until a guess made from now on is refused by a bucket of this quota."""
        policy, start = f'"login-account";q={quota};', len(self.seen)
        self.wait_for(
            lambda: any(
                one.status == 429 and policy in one.policy for one in self.seen[start:]
            )
        )

    def wait_for_reads(self, number: int) -> None:
        """Wait for so many more."""
        start = len(self.seen)
        self.wait_for(lambda: len(self.reads(start)) >= number)

    def wait_for(self, what: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(what, timeout=PATIENCE_S)

    def reads(self, start: int = 0) -> list[Seen]:
        return [one for one in self.seen[start:] if one.path != LOGIN]

    @property
    def looked_at(self) -> int:
        """How many wrong passwords were looked at."""
        return sum(one.status == 401 for one in self.seen)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("outage") / "home")


@pytest.fixture
def server() -> Iterator[ValkeyProcess]:
    with ValkeyProcess() as process:
        yield process


@pytest.fixture
def program(installed: Program, server: ValkeyProcess) -> Iterator[Program]:
    installed.start(VALKEY_URL=server.url, RATE_LIMITS=LIMITS, LOG_LEVEL="warning")
    yield installed
    assert installed.end(signal.SIGTERM) == 0


def log_of(program: Program) -> list[str]:
    """Return what our door to Valkey said of it."""
    lines = program.errors.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [one["event"] for one in records if one["logger"] == "nexus.valkey"]


def test_it_goes_on_while_valkey_is_dead(
    program: Program, server: ValkeyProcess, count: Callable[[str], None]
) -> None:
    with Load(program, "first") as load:
        load.wait_until_refused(quota=10)
        server.kill()
        load.wait_until_refused(quota=5)
        load.wait_for_reads(30)
        server.start()  # it has forgotten everything
        load.wait_until_refused(quota=10)
        load.wait_for_reads(30)

    assert {one.status for one in load.reads()} == {200}
    assert load.looked_at <= 10 + 5 + 10
    assert "the cache is down: ConnectionError" in log_of(program)
    assert len(log_of(program)) < 10  # of hundreds of requests
    for one in load.seen:
        what = "guesses" if one.path == LOGIN else "reads"
        count(f"{what} got {one.status} before, while and after a Valkey was dead")


def test_it_goes_on_while_valkey_hangs(
    program: Program, server: ValkeyProcess, count: Callable[[str], None]
) -> None:
    with Load(program, "second") as load:
        load.wait_until_refused(quota=10)
        start = len(load.seen)
        server.hang()
        load.wait_until_refused(quota=5)
        load.wait_for_reads(60)
        during = load.reads(start)
        server.go_on()
        load.wait_until_refused(quota=10)
        load.wait_for_reads(30)

    assert {one.status for one in load.reads()} == {200}
    assert load.looked_at <= 10 + 5
    assert statistics.median(one.took_s for one in during) < ANSWER_LIMIT_S / 2
    for one in during:
        waited = "waited for it" if one.took_s >= ANSWER_LIMIT_S else "did not wait"
        count(f"reads while a Valkey hung {waited}")
