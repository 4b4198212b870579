"""One run: the goals, TMDb hanging, the mix, each on the product started anew."""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.homes import run as run_module
from bench.homes import say
from bench.load.goals import GOALS, KEPT, WELL_READ
from bench.load.hanging import measure_hanging
from bench.load.memory import memory_of
from bench.load.results import HEAD, mark
from bench.load.rounds import Rounds
from bench.load.servers import Product, running_limit, running_product
from bench.load.store import Run
from bench.machine import machine
from bench.mix.run import lines_of, measure_mix
from bench.people import collect, database, fresh_films, sizes
from bench.tmdb import AnyTmdb, running_tmdb, variables_of

START_GOAL_S = 5.0


def measure(wanted: argparse.Namespace, home: Path, found: Run) -> None:
    """Add every figure to what is found; tables are printed on the way."""
    if not wanted.untrained:
        say("Learning a model, as the product does every day ...")
        run_module(["nexus", "train", "--daily"], {})
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
    with running_limit() as limit:
        with running_product(home) as product:
            note_start(found, product.start_s)
            with database():
                material = collect(wanted.seed)
                found["about"] = machine(valkey_port=product.valkey.port)
                found["sizes"] = sizes()
            rounds = Rounds(wanted=wanted, material=material, limit=limit)
            say(", ".join(f"{n:,} {name}" for name, n in found["sizes"].items()))
            say(HEAD)
            ask(rounds, product, is_kept=True)
            found["memory"] = [memory_of(pid) for pid in product.webs]
        with running_product(home, EDGE_CACHE_MB="0") as product:
            note_start(found, product.start_s)
            say("nothing kept by the edge:")
            ask(rounds, product, is_kept=False)
    found["goals"] = [one.as_json() for one in rounds.results]
    found["profiles"] = rounds.profiles


def ask(rounds: Rounds, product: Product, *, is_kept: bool) -> None:
    for goal in GOALS:
        if goal.is_kept == is_kept and rounds.wanted.only in goal.name:
            rounds.measure(goal, product)


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
    say(f"Memory of the web processes after the goals, MiB: {found['memory']}")
    start = found["start"]
    starts = ", ".join(f"{s:.1f}" for s in start["all_s"])
    say(f"Start, s: {starts}  {start['goal']}: {mark(is_met=start['is_met'])}")
    for name, profile in found["profiles"].items():
        say(f"\n{name}\n{profile}")
    missed = [one["name"] for one in found["goals"] if not one["is_met"]]
    say(f"{len(found['goals']) - len(missed)} of {len(found['goals'])} goals met")
    if missed:
        say(f"missed: {'; '.join(missed)}")
