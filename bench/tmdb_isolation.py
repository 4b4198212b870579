"""Does a TMDb that is slow or hangs slow down those who do not need it?

Starts the product as it is installed, before a TMDb of our own, and measures in turns:
reading what is stored, undisturbed and while TMDb hangs and many ask it for films that
nobody has; a search, the first time and again; a trending list, fresh and stale.

`python -m bench.tmdb_isolation 5 16 24` compares numbers of threads of a web process.
"""

import json
import os
import pickle
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event as SharedEvent
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from time import perf_counter
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from redis import Redis

from tests.launch.program import Program
from tests.tmdb_server import TmdbServer
from tests.valkey_process import ValkeyProcess

READS = {
    "detail": "/api/movies/603/",
    "list": "/api/movies/",
    "trending": "/api/movies/trending/",
}
SEARCH = "/api/tmdb/search/"
READERS = 4
CALLERS = 50
TURNS = 5
TURN_S = 4.0
PATIENCE_S = 30
ALLOWED_P99 = 2.0  # disturbed to undisturbed
LATENCY_S = 1.2
ALLOWED_SEARCH_MS = 5.0  # at the server, the second time
ALLOWED_STALE = 1.25  # stale to fresh, medians
REPEATS = 40

Taken = dict[str, list[float]]  # seconds, by what was asked for
SPAWN = get_context("spawn")


class Product:
    """The running product with a TMDb and a Valkey of its own."""

    def __init__(self, program: Program, tmdb: TmdbServer, valkey: Redis) -> None:
        self.program = program
        self.tmdb = tmdb
        self.valkey = valkey
        self.port = program.port

    def forget_failures(self) -> None:
        """Close the breaker."""
        self.valkey.delete(f"nexus:tmdb:breaker:{urlsplit(self.tmdb.url).netloc}")

    def value_of(self, key: Any) -> bytes:
        return cast("bytes", self.valkey.hget(key, "value"))

    def age_trending(self, age: timedelta) -> None:
        """Let what is kept of the trending list have been fetched earlier."""
        for key in self.valkey.keys("nexus:catalog:*trending:*"):
            if self.valkey.type(key) == b"hash":
                page, fetched_at = pickle.loads(self.value_of(key))  # noqa: S301  the product wrote it
                self.valkey.hset(key, "value", pickle.dumps((page, fetched_at - age)))


@contextmanager
def running(**variables: str) -> Iterator[Product]:
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        )
        tmdb = stack.enter_context(TmdbServer())
        valkey = stack.enter_context(ValkeyProcess())
        program = Program(Path(folder).resolve() / "home")
        program.start(
            TMDB_API_URL=tmdb.url,
            TMDB_API_KEY=tmdb.key,
            VALKEY_URL=valkey.url,
            RATE_LIMITS="off",
            **variables,
        )
        program.watchdog.cancel()  # it is for tests, which are shorter
        try:
            yield Product(program, tmdb, Redis(port=valkey.port))
        finally:
            program.process.terminate()
            program.wait()


def get(connection: HTTPConnection, path: str) -> HTTPResponse:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer


# Readers, in this process; callers, in another one: they share no lock with them.


def read_for(port: int, seconds: float) -> Taken:
    """Read what is stored in some threads; return how long each answer took."""
    ends_at = perf_counter() + seconds

    def read(first: int) -> list[tuple[str, float]]:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        names = list(READS)
        taken: list[tuple[str, float]] = []
        while perf_counter() < ends_at:
            name = names[(first + len(taken)) % len(names)]
            began = perf_counter()
            answer = get(connection, READS[name])
            taken.append((name, perf_counter() - began))
            assert answer.status == 200, answer.status
        connection.close()
        return taken

    with ThreadPoolExecutor(READERS) as pool:
        found = [one for taken in pool.map(read, range(READERS)) for one in taken]
    return {name: [s for other, s in found if other == name] for name in READS}


def ask_for_cold_films(
    port: int, stop: SharedEvent, told: "Queue[list[tuple[int, float]]]"
) -> None:
    """Ask for films that nobody has until the end; who is refused waits as told."""

    def ask(seed: int) -> list[tuple[int, float]]:
        numbers = random.Random(seed)  # noqa: S311  nothing is hidden
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        seen = []
        while not stop.is_set():
            began = perf_counter()
            film = numbers.randrange(1_000_000, 2_000_000_000)
            answer = get(connection, f"/api/movies/{film}/")
            seen.append((answer.status, perf_counter() - began))
            if answer.status == 503:
                stop.wait(float(answer.headers["Retry-After"]))
        connection.close()
        return seen

    seeds = [os.getpid() * CALLERS + number for number in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as pool:
        told.put([one for seen in pool.map(ask, seeds) for one in seen])


def read_while_it_hangs(
    product: Product, *, breaker_works: bool
) -> tuple[Taken, list[tuple[int, float]]]:
    """Return what the readers and what the callers saw."""
    stop, told = SPAWN.Event(), SPAWN.Queue()
    callers = SPAWN.Process(
        target=ask_for_cold_films, args=(product.port, stop, told), daemon=True
    )
    product.forget_failures()
    product.tmdb.reset()
    product.tmdb.fail("hang")
    callers.start()
    with repeated(lambda: None if breaker_works else product.forget_failures()):
        while not product.tmdb.asked:  # its interpreter has to start
            assert callers.is_alive()
        taken = read_for(product.port, TURN_S)
    stop.set()
    product.tmdb.recover()
    seen = told.get()
    callers.join()
    product.forget_failures()
    return taken, seen


@contextmanager
def repeated(what: Callable[[], None]) -> Iterator[None]:
    """Do it again and again beside the block."""
    over = Event()

    def repeat() -> None:
        while not over.wait(0.05):
            what()

    thread = Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# What is measured


def measure_isolation(*, workers: int, threads: str) -> bool:
    variables = {"WEB_WORKERS": str(workers), "LOG_LEVEL": "warning"}
    if threads:
        variables["WEB_THREADS"] = threads
    kinds = ("undisturbed", "TMDb hangs", "and no breaker")
    taken: dict[str, list[Taken]] = {kind: [] for kind in kinds}
    seen: list[tuple[int, float]] = []
    with running(**variables) as product:
        warm_up(product)
        for _ in range(TURNS):
            taken["undisturbed"].append(read_for(product.port, TURN_S))
            for kind in kinds[1:]:
                found, callers_saw = read_while_it_hangs(
                    product, breaker_works=kind == "TMDb hangs"
                )
                taken[kind].append(found)
                seen += callers_saw
    print(f"\n{workers} web process(es), {threads or 'usual'} threads; {load()}")
    tell_callers(seen)
    return tell_isolation({kind: joined(found) for kind, found in taken.items()})


def warm_up(product: Product) -> None:
    """Have everything stored and every thread started."""
    base = f"http://127.0.0.1:{product.port}"
    for path in READS.values():
        httpx.get(base + path, timeout=PATIENCE_S).raise_for_status()
    origin = httpx.get(base + READS["detail"]).json()["meta"]
    assert origin["source"] == "cache", origin
    read_for(product.port, TURN_S)


def joined(turns: list[Taken]) -> Taken:
    """Put the turns together, and what was read."""
    by_name = {name: [s for turn in turns for s in turn[name]] for name in READS}
    return by_name | {"all": [s for seconds in by_name.values() for s in seconds]}


def tell_callers(seen: list[tuple[int, float]]) -> None:
    statuses = dict(Counter(status for status, _ in seen))
    slowest_s = max(seconds for _, seconds in seen)
    print(f"callers of cold films got {statuses}, the slowest after {slowest_s:.2f} s")


def tell_isolation(taken: dict[str, Taken]) -> bool:
    calm = taken["undisturbed"]
    for kind, by_name in taken.items():
        for name, seconds in by_name.items():
            print(
                f"{kind:15} {name:9} {len(seconds) / TURNS / TURN_S:6.0f}/s"
                f"  median {ms(median(seconds))}  p99 {ms(p99(seconds))}"
                f"  {p99(seconds) / p99(calm[name]):5.2f}"
            )
    return all(
        p99(by_name["all"]) <= ALLOWED_P99 * p99(calm["all"])
        for by_name in taken.values()
    )


def measure_search() -> bool:
    """A search that nobody made before, and the same again."""
    with running() as product:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{product.port}", timeout=PATIENCE_S
        ) as client:
            sign_in(client)
            product.tmdb.slow_down(LATENCY_S)
            for query in "aeiorn":
                for _ in range(1 + REPEATS):
                    params = {"query": query}
                    client.get(SEARCH, params=params).raise_for_status()
            calls = product.tmdb.calls["/search/movie"]
        at_server_ms = durations_of(product.program, "api/tmdb/search/")
    first_ms = at_server_ms[:: 1 + REPEATS]
    again_ms = [one for one in at_server_ms if one not in first_ms]
    print(f"\nsearch at the server, TMDb takes {LATENCY_S} s; {load()}")
    print(f"first  median {median(first_ms):8.1f} ms, calls {calls} of {len(first_ms)}")
    print(f"again  median {median(again_ms):8.1f} ms  p99 {p99(again_ms):8.1f} ms")
    return median(again_ms) < ALLOWED_SEARCH_MS and calls == len(first_ms)


def sign_in(client: httpx.Client) -> None:
    who = {"name": "Eve", "email": "eve@example.org", "password": "correct-horse-7"}
    answer = client.post("/api/auth/register/", json=who).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['access']}"


def durations_of(program: Program, route: str) -> list[float]:
    """Return what the log says of the route's requests, in milliseconds."""
    lines = program.errors.read_text().splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [one["duration_ms"] for one in records if one.get("route") == route]


def measure_stale() -> bool:
    """The trending list, fresh and, while TMDb hangs, stale."""
    taken: dict[str, list[float]] = {"cache": [], "stale": []}
    with (
        running(LOG_LEVEL="warning") as product,
        httpx.Client(base_url=f"http://127.0.0.1:{product.port}") as client,
    ):
        warm_up(product)
        product.tmdb.fail("hang")
        for _ in range(TURNS * 2):
            for source, age in (("cache", 0), ("stale", 2)):
                product.age_trending(timedelta(hours=age))
                taken[source] += seconds_of_trending(client, source)
                product.age_trending(timedelta(hours=-age))
    print(f"\ntrending; {load()}")
    for source, seconds in taken.items():
        print(f"{source:6} median {ms(median(seconds))}  p99 {ms(p99(seconds))}")
    ratio = median(taken["stale"]) / median(taken["cache"])
    print(f"stale to fresh: {ratio:.2f}")
    return ratio <= ALLOWED_STALE


def seconds_of_trending(client: httpx.Client, source: str) -> list[float]:
    taken = []
    for _ in range(REPEATS):
        began = perf_counter()
        answer = client.get(READS["trending"])
        taken.append(perf_counter() - began)
        assert answer.json()["meta"]["source"] == source, answer.text
    return taken


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:6.1f} ms"


def load() -> str:
    return f"load of the machine {os.getloadavg()[0]:.1f}"


def main(threads: list[str]) -> int:
    print(
        f"{READERS} readers of what is stored; {CALLERS} callers of films that nobody "
        f"has; {TURNS} turns of {TURN_S:.0f} s each; goal: p99 at most {ALLOWED_P99} x"
    )
    kept = [
        measure_isolation(workers=workers, threads=number)
        for workers in (1, 2)
        for number in threads or [""]
    ]
    if not threads:
        kept += [measure_search(), measure_stale()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
