"""Cached reads, undisturbed and while TMDb hangs on callers of films nobody has."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from threading import Event, Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from bench.load.results import of
from bench.load.servers import PATIENCE_S, Product
from bench.load.wrk import Ask, Load, put_under_load
from bench.tmdb import AnyTmdb

CALLERS = 16
MOST_TIMES = 2.0  # the p99 undisturbed
REFUSED_FOR_S = 0.2
HANGING_WITHIN_S = 10.0
GOAL = f"p99 <= {MOST_TIMES:g} x undisturbed"


def measure_hanging(
    product: Product, tmdb: AnyTmdb, asks: Sequence[Ask], *, rounds: int, seconds: float
) -> dict[str, Any]:
    """Ask for what is kept, in turns without and with callers who wait for TMDb."""

    def load() -> Load:
        return put_under_load(
            product.port, asks, connections=CALLERS, seconds=max(2.0, seconds)
        )

    load()  # everything is read once
    calm, hung, statuses = [], [], Counter[int]()
    for _ in range(rounds):
        calm.append(load())
        with hanging(product, tmdb, statuses):
            hung.append(load())
    times = of("p99_ms", hung) / of("p99_ms", calm)
    failed = sum(one.refused + one.lost for one in [*calm, *hung])
    return {
        "undisturbed": told(calm),
        "while it hangs": told(hung),
        "callers got": dict(statuses),
        "times": times,
        "goal": GOAL,
        "is_met": times <= MOST_TIMES and not failed,
    }


def told(rounds: Sequence[Load]) -> dict[str, float]:
    return {
        name: of(name, rounds) for name in ("per_second", "p50_ms", "p95_ms", "p99_ms")
    }


@dataclass(frozen=True, slots=True)
class Callers:
    """What they were answered, and the films for which they wait now."""

    port: int
    statuses: Counter[int]
    waiting: dict[int, str] = field(default_factory=dict)
    over: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def call(self, seed: int) -> None:
        """Ask for one film after the other that nobody has."""
        numbers = random.Random(f"{seed} {monotonic()}")  # noqa: S311  nothing is hidden
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with closing(connection):
            while not self.over.is_set():
                began = monotonic()
                path = f"/movie/{numbers.randrange(10_000_000, 2_000_000_000)}"
                self.waiting[seed] = path
                connection.request("GET", f"/api{path.replace('movie', 'movies')}/")
                answer = connection.getresponse()
                answer.read()
                del self.waiting[seed]
                with self.lock:
                    self.statuses[answer.status] += 1
                if monotonic() - began < REFUSED_FOR_S:
                    self.over.wait(REFUSED_FOR_S)

    def hang(self, tmdb: AnyTmdb) -> int:
        """Return how many wait for a film of which TMDb was asked."""
        return sum(path in tmdb.calls for path in list(self.waiting.values()))


@contextmanager
def hanging(product: Product, tmdb: AnyTmdb, statuses: Counter[int]) -> Iterator[None]:
    """Keep so many calls hanging: the breaker, which would end that, is kept shut."""
    callers = Callers(product.port, statuses)
    breaker = f"nexus:tmdb:breaker:{urlsplit(tmdb.url).netloc}"

    def keep_shut() -> None:
        with Redis(port=product.valkey.port) as valkey:
            while not callers.over.wait(0.05):
                valkey.delete(breaker)
            valkey.delete(breaker)

    tmdb.reset()
    tmdb.fail("hang")
    with ThreadPoolExecutor(CALLERS + 1) as pool:
        works = [pool.submit(callers.call, seed) for seed in range(CALLERS)]
        works.append(pool.submit(keep_shut))
        try:
            wait_until_all_hang(callers, tmdb, works)
            yield
            require_alive(works)
        finally:
            callers.over.set()
            wait(works)  # nobody gets a film: that would change the catalogue
            tmdb.recover()
    require_alive(works)


def require_alive(works: Sequence["Future[None]"]) -> None:
    """Raise what a caller ended with, if one did."""
    for work in works:
        if work.done():
            work.result()


def wait_until_all_hang(
    callers: Callers, tmdb: AnyTmdb, works: Sequence["Future[None]"]
) -> None:
    give_up_at, pause = monotonic() + HANGING_WITHIN_S, Event()
    while (count := callers.hang(tmdb)) < CALLERS:
        require_alive(works)
        if monotonic() > give_up_at:
            raise AssertionError(
                f"{count} of {CALLERS} calls hang; callers got {dict(callers.statuses)}"
            )
        pause.wait(0.02)
