"""The mix: callers, a TMDb, a training and a watch, and the reckoning afterwards."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from math import ceil
from threading import Event, Timer
from time import perf_counter
from typing import Any

from bench.homes import run as run_module
from bench.load.goals import (
    FILTERS,
    Material,
    beginning,
    get,
    lists,
    mistyped,
    searches,
)
from bench.load.servers import Product
from bench.load.wrk import Ask
from bench.mix.caller import Caller, Plan, Seen, Somebody
from bench.mix.ledger import Ledger, joined, lost_imports, lost_ratings
from bench.mix.watch import Watch, course_of, watched
from bench.people import database, members, sign_all_in
from nexus.catalog.models import Movie
from nexus.lib.seldom import Seldom
from nexus.ratings.models import Rating

CONNECTIONS = 64
MEMBERS_OF_A_CALLER = 4
IMPORTS_PER_S = 4.0  # TMDb allows 30 calls a second to everybody together
FAILURES_SHOWN = 5
LONGEST_SHOWN = 3_000  # characters of a line of the log
SAMPLES = 60


def measure_mix(
    product: Product,
    material: Material,
    *,
    minutes: float,
    connections: int = CONNECTIONS,
) -> dict[str, Any]:
    """Run it and say what came of it."""
    callers = callers_of(product, material, count=connections)
    over, seconds = Event(), minutes * 60
    began = perf_counter()
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(connections + 1))
        watch = stack.enter_context(watched(product, every_s=seconds / SAMPLES))
        timer = Timer(seconds, over.set)
        timer.start()
        done = [pool.submit(one.call_until, over) for one in callers]
        training = pool.submit(train_amid, product, over, wait_s=seconds / 5)
        stack.callback(over.set)
        stack.callback(timer.cancel)
        for one in done:
            one.result()
        lasted_s = perf_counter() - began
    found = reckoned(callers, watch, lasted_s=lasted_s)
    trained, problems = outcome_of(training), complaints(product)
    return found | {
        "training": trained,
        "complaints": problems,
        "is_met": found["is_met"] and not trained["outcome"].startswith("failed"),
    }


def callers_of(product: Product, material: Material, *, count: int) -> list[Caller]:
    with database():
        chosen = members(count * MEMBERS_OF_A_CALLER)
    tokens = sign_all_in(product.port, chosen)
    pairs = zip(chosen, tokens, strict=True)
    people = [Somebody(one.pk, one.email, told) for one, told in pairs]
    plan = Plan(
        product.port, material.films, reads_of(material), Seldom(1 / IMPORTS_PER_S)
    )
    shares = [people[place::count] for place in range(count)]
    return [Caller(plan, own, seed=seed) for seed, own in enumerate(shares) if own]


def reads_of(material: Material) -> dict[str, list[Ask]]:
    every_search = (searches(lambda _, title: title), searches(beginning))
    films = [get(f"/movies/{film}/") for film in material.some(material.films)]
    always = [get(path) for path in ("/movies/trending/", "/movies/", "/genres/")]
    listed = lists(*FILTERS.values())(material)
    return {
        "list": listed + always * (len(listed) // 10),
        "film": films,
        "search": [
            ask
            for kind in (*every_search, searches(mistyped))
            for ask in kind(material)
        ],
    }


def train_amid(product: Product, over: Event, *, wait_s: float) -> dict[str, Any]:
    """Learn a model in the middle of it all, as the product does every day."""
    over.wait(wait_s)
    began = perf_counter()
    told = run_module(["nexus", "train", "--json"], product.variables)
    report = json.loads(told.splitlines()[-1])
    return {
        "outcome": report["outcome"],
        "ratings": report["ratings"],
        "seconds": round(perf_counter() - began, 1),
    }


def outcome_of(training: "Future[dict[str, Any]]") -> dict[str, Any]:
    error = training.exception()
    return {"outcome": f"failed: {error}"} if error else training.result()


# Afterwards


def reckoned(
    callers: Sequence[Caller], watch: Watch, *, lasted_s: float
) -> dict[str, Any]:
    seen, ledger = all_seen(callers), joined(one.ledger for one in callers)
    lost = lost_of(ledger)
    failed, never_done = seen.failed(), seen.never_done()
    memory = course_of(watch.samples)
    writes = ledger.acknowledged + len(ledger.imported)
    problems = (failed, never_done, lost, watch.gone)
    return {
        "seconds": round(lasted_s, 1),
        "connections": len(callers),
        "members": sum(len(one.members) for one in callers),
        "per_second": sum(map(len, seen.taken_ms.values())) / lasted_s,
        "done": {what: row_of(seen, what) for what in sorted(seen.statuses)},
        "failed": failed,
        "never_done": never_done,
        "gone": watch.gone,
        "examples": seen.examples,
        "writes": writes,
        "lost": len(lost),
        "lost_examples": lost[:FAILURES_SHOWN],
        "memory": memory,
        "samples": watch.samples,
        "is_met": writes > 0
        and not any(problems)
        and all(one["is_flat"] is not False for one in memory.values()),
    }


def all_seen(callers: Sequence[Caller]) -> Seen:
    whole = Seen()
    for caller in callers:
        for what, statuses in caller.seen.statuses.items():
            whole.statuses[what].update(statuses)
            whole.taken_ms[what] += caller.seen.taken_ms[what]
        whole.examples += caller.seen.examples
    whole.examples = whole.examples[:FAILURES_SHOWN]
    return whole


def row_of(seen: Seen, what: str) -> dict[str, Any]:
    taken_ms = sorted(seen.taken_ms[what])
    times = {
        f"p{share}_ms": round(taken_ms[ceil(len(taken_ms) * share / 100) - 1], 1)
        for share in (50, 95, 99)
    }
    statuses = {str(status): n for status, n in sorted(seen.statuses[what].items())}
    return {"count": len(taken_ms), **times, "statuses": statuses}


def lost_of(ledger: Ledger) -> list[str]:
    """Hold what was acknowledged against the rows."""
    who = {member for member, _ in ledger.ratings}
    with database():
        rows = Rating.objects.filter(user_id__in=who)
        values = rows.values_list("user_id", "movie_id", "half_stars")
        stored = {(user, film): half_stars for user, film, half_stars in values}
        imported = Movie.objects.filter(
            id__in=ledger.imported, fetched_at__isnull=False
        )
        brought_in = list(imported.values_list("id", flat=True))
    return lost_ratings(ledger, stored) + lost_imports(ledger, brought_in)


def complaints(product: Product) -> dict[str, Any]:
    """Count the product's own warnings and errors, with the first of each kind."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = defaultdict(str)
    for line in product.program.errors.read_text(errors="replace").splitlines():
        if kind := kind_of(line):
            counts[kind] += 1
            first.setdefault(kind, shortened(line))
    return {
        kind: {"count": count, "first": first[kind]}
        for kind, count in counts.most_common(FAILURES_SHOWN)
    }


def shortened(line: str) -> str:
    """Leave out of a long one what is between: an exception is named at its end."""
    half = LONGEST_SHOWN // 2
    return line if len(line) <= LONGEST_SHOWN else f"{line[:half]} ... {line[-half:]}"


def kind_of(line: str) -> str:
    """Return level and event of a line of the log; nothing of other lines."""
    if not line.startswith("{"):
        return ""
    try:
        record = json.loads(line)
    except ValueError:
        return ""  # the product has not written it to its end yet
    return f"{record.get('level')}: {str(record.get('event'))[:80]}"


# Telling


def lines_of(mix: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{mix['connections']} connections, {mix['members']} members,"
        f" {mix['seconds']:.0f} s: {mix['per_second']:.0f}/s"
    )
    for what, row in mix["done"].items():
        times = " ".join(f"{row[name]:8.1f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
        yield f"  {what:18} {row['count']:8} {times} ms  {row['statuses']}"
    yield f"  failures (another answer, or none): {mix['failed']}; must be 0"
    yield f"  acknowledged writes: {mix['writes']}, lost: {mix['lost']}; must be 0"
    if mix["never_done"]:
        yield f"  NEVER DONE: {', '.join(mix['never_done'])}"
    if mix["gone"]:
        yield f"  ENDED MEANWHILE: {', '.join(mix['gone'])}"
    for one in (*mix["examples"], *mix["lost_examples"]):
        yield f"    {one}"
    yield f"  training: {mix['training']}"
    for name, course in mix["memory"].items():
        flat = {True: "flat", False: "GROWS", None: "not judged"}[course["is_flat"]]
        points = ("first", "half", "last", "peak")
        told = ", ".join(f"{point} {course[point]:.0f}" for point in points)
        yield f"  {name:16} MiB: {told}: {flat}"
    for kind, one in mix["complaints"].items():
        yield f"  the log has {one['count']} x {kind}"
        if not kind.startswith("warning"):
            yield f"    {one['first']}"
