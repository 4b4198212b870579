"""One run: the goals, TMDb hanging, the mix, each on the product started anew."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.homes import say
from bench.load.goals import KEPT, WELL_READ, Goal, goals_with
from bench.load.hanging import measure_hanging
from bench.load.memory import memory_of
from bench.load.report import memory_told
from bench.load.results import HEAD, mark
from bench.load.rounds import Rounds
from bench.load.servers import Limit, Product, running_limit, running_product
from bench.load.store import Run
from bench.machine import machine
from bench.mix.run import lines_of, measure_mix
from bench.models import answering, choose
from bench.people import collect, database, drop_waiting_jobs, fresh_films, sizes
from bench.tmdb import AnyTmdb, running_tmdb, variables_of

START_GOAL_S = 5.0
# With a key of TMDb, as in production, though nobody is there: no list and no search
# asks it. Who asks for films by their ids, or does jobs, has old ones refreshed.
NOTHING_KEPT = {
    "EDGE_CACHE_MB": "0",
    "TMDB_API_URL": "http://127.0.0.1:9/3",
    "TMDB_API_KEY": "0" * 32,
    "WORKER_IN_WEB": "off",
}


def measure(wanted: argparse.Namespace, home: Path, found: Run) -> None:
    """Add every figure to what is found; tables are printed on the way."""
    choose(untrained=wanted.untrained)
    found["options"] = options_of(wanted)
    measure_goals(wanted, home, found)
    if not wanted.only:
        measure_hangs(wanted, home, found)
    if wanted.minutes and not wanted.only:
        found["mix"] = mix(wanted, home)
        note_start(found, found["mix"]["start_s"])
    tell(found)


def note_start(found: Run, seconds: float) -> None:
    """Let one more start of the product on this folder count."""
    all_s = [*found.get("start", {"all_s": []})["all_s"], seconds]
    middle = median(all_s)
    goal, is_met = f"<= {START_GOAL_S:g} s", middle <= START_GOAL_S
    found["start"] = {"s": middle, "all_s": all_s, "goal": goal, "is_met": is_met}


def options_of(wanted: argparse.Namespace) -> dict[str, Any]:
    names = ("rounds", "seconds", "connections", "minutes", "seed", "untrained")
    return {name: getattr(wanted, name) for name in names}


def measure_goals(wanted: argparse.Namespace, home: Path, found: Run) -> None:
    """Ask the product as in production, then one that keeps no public answers."""
    goals = goals_with(wanted.only)
    found |= {"goals": [], "profiles": {}}
    with running_limit() as limit:
        for is_kept, variables in ((True, {}), (False, NOTHING_KEPT)):
            if half := [goal for goal in goals if goal.is_kept == is_kept]:
                with running_product(home, **variables) as product:
                    note_start(found, product.start_s)
                    measure_half(half, product, limit, wanted, found)


def measure_half(
    goals: Sequence[Goal],
    product: Product,
    limit: Limit,
    wanted: argparse.Namespace,
    found: Run,
) -> None:
    """Add the rows to those found, as far as it comes."""
    with database():
        drop_waiting_jobs()
        material = collect(wanted.seed)
        note_what_is_measured(found, product)
    if not found["goals"]:
        say(HEAD)
    say("as in production:" if goals[0].is_kept else "nothing kept by the edge:")
    rounds = Rounds(
        wanted=wanted, material=material, limit=limit, profiles=found["profiles"]
    )
    earlier = found["goals"]
    try:
        for goal in goals:
            rounds.measure(goal, product)
        found.setdefault("memory", [memory_of(pid) for pid in product.webs])
    finally:
        found["goals"] = earlier + [one.as_json() for one in rounds.results]


def note_what_is_measured(found: Run, product: Product) -> None:
    model = answering()
    if "about" not in found:
        about = machine(valkey_port=product.valkey.port)
        found |= {"about": about | {"model": model}, "sizes": sizes()}
        counts = ", ".join(f"{n:,} {name}" for name, n in found["sizes"].items())
        say(f"{counts}; model: {model}")
    elif model != found["about"]["model"]:  # the product learns by itself, too
        found["about"]["model"] += f", then {model}"


def measure_hangs(wanted: argparse.Namespace, home: Path, found: Run) -> None:
    """Read what is kept."""
    # Nothing changes meanwhile: no job refreshes films, and nobody reads old ones.
    # With each change the edge forgets.
    with (
        AnyTmdb() as tmdb,
        running_product(home, WORKER_IN_WEB="off", **variables_of(tmdb)) as product,
    ):
        with database():
            material = replace(collect(wanted.seed), films=fresh_films(WELL_READ))
        asks = [one for goal in KEPT for one in goal.asks(material)]
        found["hanging"] = measure_hanging(
            product, tmdb, asks, rounds=wanted.rounds, seconds=wanted.seconds
        )
        note_start(found, product.start_s)


def mix(wanted: argparse.Namespace, home: Path) -> Run:
    with running_tmdb() as variables, running_product(home, **variables) as product:
        with database():
            material = collect(wanted.seed)
        found = measure_mix(product, material, minutes=wanted.minutes)
        return found | {"start_s": product.start_s}


def tell(found: Run) -> None:
    if hanging := found.get("hanging"):
        for name in ("undisturbed", "while it hangs"):
            times = " ".join(f"{key} {n:.1f}" for key, n in hanging[name].items())
            say(f"cached reads, TMDb {name}: {times}")
        told = f"{hanging['times']:.2f} x; callers got {hanging['callers got']}"
        say(f"  {told}  {hanging['goal']}: {mark(is_met=hanging['is_met'])}")
    if "mix" in found:
        say("The mix:")
        for line in lines_of(found["mix"]):
            say(line)
    say(f"Memory of the web processes after the goals, MiB: {memory_told(found)}")
    say(f"Model: {found['about']['model']}")
    start = found["start"]
    starts = ", ".join(f"{s:.1f}" for s in start["all_s"])
    say(f"Start, s: {starts}  {start['goal']}: {mark(is_met=start['is_met'])}")
    for name, profile in found["profiles"].items():
        say(f"\n{name}\n{profile}")
    missed = [one["name"] for one in found["goals"] if not one["is_met"]]
    say(f"{len(found['goals']) - len(missed)} of {len(found['goals'])} goals met")
    if missed:
        say(f"missed: {'; '.join(missed)}")
