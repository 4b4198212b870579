"""Measures the product beside the limit and prints every goal beside what was measured.

Without a folder it fills one of its own. `--home` names one that `bench.data` has
filled and that stays. With more films than each web process holds in its memory within
a short time, what is for members is left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np

from bench.load.goals import GOALS, Goal, Material
from bench.load.servers import Product, running_limit, running_product, size_of
from bench.load.wrk import Load, put_under_load, require_wrk
from nexus.env import PROJECT_DIR

MOST_FILMS_FOR_FEEDS = 200_000
MEMBERS = 16
WARM_UP_S = 2.0
START_GOAL_S = 5.0
PASSWORD = "correct-horse-7"  # noqa: S105  of every member made up


@dataclass(frozen=True, slots=True)
class Result:
    """Medians of the rounds; CPU in microseconds per request."""

    name: str
    per_second: float
    limit: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu: dict[str, float]
    refused: int
    lost: int
    goal: str
    is_met: bool

    @property
    def share(self) -> float:
        return self.per_second / self.limit


def main(words: Sequence[str]) -> int:
    wanted = read(words)
    require_wrk()
    with home_of(wanted) as home:
        os.environ |= {"NEXUS_HOME": str(home), "RATE_LIMITS": "off"}
        with running_product(home) as product, running_limit() as limit:
            print(f"The product started in {product.start_s:.1f} s.", flush=True)
            material = collect(product, seed=wanted.seed)
            goals = chosen(wanted, films=len(material.films))
            print(HEAD)
            found = [measure(goal, product, limit, material, wanted) for goal in goals]
            if wanted.profile:
                tell_profiles(goals, material)
    write(Path(wanted.out), found, start_s=product.start_s)
    missed = [one.name for one in found if not one.is_met]
    print(f"{len(found) - len(missed)} of {len(found)} goals met; not: {missed}")
    return 0


def read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a filled folder, which stays")
    parser.add_argument("--films", type=int, default=10_000, help="of a new folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", default="", help="goals whose name has this in it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="name hot functions")
    parser.add_argument("--out", default=str(PROJECT_DIR / "var" / "bench.json"))
    return parser.parse_args(words)


@contextmanager
def home_of(wanted: argparse.Namespace) -> Iterator[Path]:
    if wanted.home is not None:
        yield wanted.home.resolve()
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve() / "home"
        home.mkdir()
        sizes = {"films": wanted.films, "members": 200, "ratings": 20_000}
        options = [f"--{name}={value}" for name, value in sizes.items()]
        subprocess.run(
            [sys.executable, "-m", "bench.data", *options],
            cwd=PROJECT_DIR,
            env=os.environ | {"NEXUS_HOME": str(home)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield home


def chosen(wanted: argparse.Namespace, *, films: int) -> list[Goal]:
    goals = [goal for goal in GOALS if wanted.only in goal.name]
    if films > MOST_FILMS_FOR_FEEDS:
        left_out = [goal.name for goal in goals if goal.is_personal]
        print(f"Left out with so many films: {', '.join(left_out)}")
        goals = [goal for goal in goals if not goal.is_personal]
    return goals


def collect(product: Product, *, seed: int) -> Material:
    """Look up what requests are made of, and sign some members in."""
    import django  # noqa: PLC0415  the environment comes first

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    django.setup()
    from nexus.accounts.models import User  # noqa: PLC0415
    from nexus.catalog.models import Movie  # noqa: PLC0415

    shown = Movie.objects.filter(removed_at=None, fetched_at__isnull=False)
    known = shown.order_by("-vote_count", "id").values_list("title", flat=True)
    members = User.objects.filter(username__startswith="member").order_by("id")
    with httpx.Client(base_url=f"http://127.0.0.1:{product.port}/api") as client:
        addresses = members.values_list("email", flat=True)[:MEMBERS]
        tokens = [sign_in(client, address) for address in addresses]
    return Material(
        random=np.random.default_rng(seed),
        films=list(shown.order_by("id").values_list("id", flat=True)),
        titles=list(known[:20_000]),
        tokens=tokens,
    )


def sign_in(client: httpx.Client, address: str) -> str:
    answer = client.post("/auth/login/", json={"email": address, "password": PASSWORD})
    return str(answer.raise_for_status().json()["access"])


# Measuring


def measure(
    goal: Goal,
    product: Product,
    limit: int,
    material: Material,
    wanted: argparse.Namespace,
) -> Result:
    """Ask the limit and the product in turns; answers of both are of one size."""
    asks = goal.asks(material)
    seen = next(ask for ask in reversed(asks) if ask.method == "GET" or ask is asks[0])
    size = 300 if seen.method != "GET" else answer_size(product, seen)
    constant = [
        type(seen)(f"/{size}", ask.token, ask.method, ask.body) for ask in asks[:8]
    ]

    def load(port: int, what: list[Any], seconds: float) -> Load:
        return put_under_load(
            port, what, connections=wanted.connections, seconds=seconds
        )

    load(product.port, asks, WARM_UP_S)
    limits, loads, spent = [], [], []
    for _ in range(wanted.rounds):
        limits.append(load(limit, constant, wanted.seconds))
        before = product.cpu()
        loads.append(load(product.port, asks, wanted.seconds))
        spent.append(product.cpu().since(before, requests=loads[-1].requests))
    result = summed_up(goal, limits, loads, spent)
    print(line_of(result), flush=True)
    return result


def answer_size(product: Product, ask: Any) -> int:
    return size_of(product.port, ask.path, token=ask.token)


def summed_up(
    goal: Goal, limits: list[Load], loads: list[Load], spent: list[dict[str, float]]
) -> Result:
    def of(name: str, rounds: list[Load] = loads) -> float:
        return median(float(getattr(one, name)) for one in rounds)

    limit, per_second = of("per_second", limits), of("per_second")
    checks = {
        f">= {goal.share} of the limit": goal.share is None
        or per_second / limit >= goal.share,
        f">= {goal.per_second}/s": goal.per_second is None
        or per_second >= goal.per_second,
        f"p95 <= {goal.p95_ms} ms": goal.p95_ms is None or of("p95_ms") <= goal.p95_ms,
    }
    refused, lost = sum(one.refused for one in loads), sum(one.lost for one in loads)
    return Result(
        name=goal.name,
        per_second=per_second,
        limit=limit,
        p50_ms=of("p50_ms"),
        p95_ms=of("p95_ms"),
        p99_ms=of("p99_ms"),
        cpu={part: median(one[part] for one in spent) for part in spent[0]},
        refused=refused,
        lost=lost,
        goal=", ".join(name for name in checks if "None" not in name),
        is_met=all(checks.values()) and not refused + lost,
    )


# Telling

HEAD = (
    f"{'':24} {'/s':>7} {'of limit':>8} {'p50':>7} {'p95':>7} {'p99 ms':>7}"
    f" {'web':>6} {'db':>6} {'cache us':>8}  goal"
)


def line_of(one: Result) -> str:
    cpu = one.cpu
    mark = "met" if one.is_met else "MISSED"
    wrong = f" {one.refused} refused, {one.lost} lost" if one.refused + one.lost else ""
    return (
        f"{one.name:24} {one.per_second:7.0f} {one.share:8.3f} {one.p50_ms:7.1f}"
        f" {one.p95_ms:7.1f} {one.p99_ms:7.1f} {cpu['web']:6.0f}"
        f" {cpu['database']:6.0f} {cpu['cache']:8.0f}  {one.goal}: {mark}{wrong}"
    )


def write(path: Path, found: Sequence[Result], *, start_s: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    started = {"seconds": start_s, "goal": START_GOAL_S, "is_met": start_s <= 5}
    rows = [asdict(one) | {"share": one.share} for one in found]
    text = json.dumps({"start": started, "goals": rows}, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
    print(f"Written to {path}")


def tell_profiles(goals: Sequence[Goal], material: Material) -> None:
    from bench.load.profile import hottest  # noqa: PLC0415  needs settings

    for goal in goals:
        print(f"\n{goal.name}")
        for told in hottest(goal.asks(material)):
            print(f"  {told}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
