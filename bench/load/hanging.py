"""Cached reads, undisturbed and while TMDb hangs on callers of films nobody has."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Event, Lock, Thread
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


@contextmanager
def hanging(product: Product, tmdb: AnyTmdb, statuses: Counter[int]) -> Iterator[None]:
    """Keep so many calls hanging: the breaker, which would end that, is kept shut."""
    over, lock = Event(), Lock()
    breaker = f"nexus:tmdb:breaker:{urlsplit(tmdb.url).netloc}"

    def keep_shut() -> None:
        with Redis(port=product.valkey.port) as valkey:
            while not over.wait(0.05):
                valkey.delete(breaker)
            valkey.delete(breaker)

    def call(seed: int) -> None:
        for status in calls(product.port, seed, over):
            with lock:
                statuses[status] += 1

    tmdb.reset()
    tmdb.fail("hang")
    threads = [Thread(target=call, args=(seed,)) for seed in range(CALLERS)]
    threads.append(Thread(target=keep_shut))
    for thread in threads:
        thread.start()
    try:
        wait_for_calls(tmdb)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()  # nobody gets a film: that would change the catalogue
        tmdb.recover()


def calls(port: int, seed: int, over: Event) -> Iterator[int]:
    """Ask for one film after the other that nobody has."""
    numbers = random.Random(f"{seed} {monotonic()}")  # noqa: S311  nothing is hidden
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    while not over.is_set():
        began = monotonic()
        number = numbers.randrange(10_000_000, 2_000_000_000)
        connection.request("GET", f"/api/movies/{number}/")
        answer = connection.getresponse()
        answer.read()
        yield answer.status
        if monotonic() - began < REFUSED_FOR_S:
            over.wait(REFUSED_FOR_S)
    connection.close()


def wait_for_calls(tmdb: AnyTmdb) -> None:
    give_up_at, pause = monotonic() + 10, Event()
    while len(tmdb.asked) < CALLERS and monotonic() < give_up_at:
        pause.wait(0.02)
