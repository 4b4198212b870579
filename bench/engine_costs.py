"""What do training and serving a learned model cost?

On made-up ratings of a fixed seed: people rate lognormally many films, films are rated
as often as Zipf's law says, and a taste of few dimensions decides which and how. Each
training and each serving is a process of its own, with one thread.

`python -m bench.engine_costs --large` also trains on ten million ratings, which takes
long; `--ratings 1000000 --films 20000` trains on that only.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nexus.engine import learned
from nexus.engine.evaluation.metrics import best_columns
from nexus.engine.learned import model as steps
from nexus.engine.learned.fold_in import fold_in
from nexus.engine.learned.interactions import place
from nexus.engine.learned.pick_sparse import SparseConfig
from nexus.engine.learned.taste import TasteConfig

SEED: Final = 0
A_PERSON: Final = 145  # ratings, on average
SPREAD: Final = 1.1  # of the logarithm of that
TASTES: Final = 8
DRAWN: Final = 4  # times the films that a person rates
AT_ONCE: Final = 2_000  # people
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
SPAWN: Final = get_context("spawn")

KNOWN: Final = 130
LISTED: Final = 500
EXPLAINED: Final = 20
WARM_UP: Final = 3
REPEATS: Final = 40
ALLOWED_MS: Final = 5.0  # of folding in, scoring all and listing the best
# What serving costs depends on sizes alone: a short training comes to the same sizes.
SHORT: Final = learned.Config(
    taste=TasteConfig(rounds=2), sparse=SparseConfig(support=110)
)
# The steps of `learned.fit`, and what they are called here.
STEPS: Final = {
    "index": "sort",
    "_fit_pick": "pick",
    "fit_taste": "taste",
    "calibrate_on_held_out": "calibrate",
    "doubt_of_strangers": "strangers",
    "choose_cards": "cards",
    "_describe": "describe",
}


@dataclass(frozen=True)
class Size:
    ratings: int
    films: int


TRAINED: Final = (Size(100_000, 9_000),)
LARGE: Final = Size(10_000_000, 60_000)
SERVED: Final = (Size(200_000, 10_000), Size(600_000, 60_000))


@dataclass
class Cost:
    """Of one training."""

    ratings: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    total_s: float = 0.0
    peak_bytes: int = 0
    artefact_bytes: int = 0


# Made-up ratings


def make_ratings(size: Size) -> learned.Ratings:
    """Return so many, of all films."""
    rng = np.random.default_rng(SEED)
    counts = counts_of_people(size, rng)
    world = World.make(size.films, rng)
    blocks = [world.rate_each(counts.size, rng)]
    blocks += [
        world.rate(first, counts[first : first + AT_ONCE], rng)
        for first in range(0, counts.size, AT_ONCE)
    ]
    people, films, stars = map(np.concatenate, zip(*blocks, strict=True))
    once = np.unique(people * size.films + films, return_index=True)[1]
    rest = rng.permutation(once[once >= size.films])[: size.ratings - size.films]
    once = np.sort(np.concatenate([once[once < size.films], rest]))
    moments = rng.integers(10**9, 2 * 10**9, size=once.size)
    return learned.Ratings(people[once], films[once], stars[once], moments)


def counts_of_people(size: Size, rng: np.random.Generator) -> NDArray[np.int64]:
    many = max(20, size.ratings // A_PERSON)
    shares = rng.lognormal(sigma=SPREAD, size=many)
    counts = np.ceil(shares * (size.ratings / shares.sum()))
    found: NDArray[np.float64] = np.clip(counts, 5, size.films // (2 * DRAWN))
    return found.astype(np.int64)


@dataclass(frozen=True)
class World:
    """Films: how likely each is met, up to here; its taste; how good it is."""

    met: NDArray[np.float64]
    tastes: NDArray[np.float64]
    quality: NDArray[np.float64]

    @classmethod
    def make(cls, films: int, rng: np.random.Generator) -> "World":
        popular = 1.0 / (np.arange(films) + 30.0)
        return cls(
            met=np.cumsum(popular) / popular.sum(),
            tastes=rng.normal(size=(films, TASTES)) / TASTES**0.5,
            quality=rng.normal(scale=0.4, size=films),
        )

    def rate(
        self, first: int, counts: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[Any], ...]:
        """Let some people meet films, choose by taste, and rate each chosen once."""
        wants = rng.normal(size=(counts.size, TASTES)) * 1.5
        people = np.repeat(np.arange(counts.size), counts * DRAWN)
        films = np.searchsorted(self.met, rng.random(people.size), side="right")
        films = np.minimum(films, self.met.size - 1)
        liking = np.einsum("nk,nk->n", wants[people], self.tastes[films])
        chosen = rng.random(people.size) < 1 / (1 + np.exp(-2 * (liking - 0.5)))
        pairs, at = np.unique(people * self.met.size + films, return_index=True)
        kept = at[chosen[at]]
        stars = 3.4 + self.quality[films[kept]] + 0.5 * liking[kept]
        stars = stars + rng.normal(scale=0.7, size=kept.size)
        assert pairs.size >= kept.size
        return first + people[kept], films[kept], to_halves(stars)

    def rate_each(
        self, people: int, rng: np.random.Generator
    ) -> tuple[NDArray[Any], ...]:
        """Let anybody rate each film, so that a model knows all."""
        films = np.arange(self.met.size)
        found = rng.integers(people, size=films.size)
        return found, films, to_halves(3.4 + self.quality)


def to_halves(stars: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.round(stars * 2) / 2, 0.5, 5.0)


# Training, in a process of its own


def train(size: Size, folder: Path, *, short: bool) -> Cost:
    ratings = make_ratings(size)
    cost = Cost(ratings=len(ratings))
    forget_peak()
    began_s = perf_counter()
    with watched(cost.seconds):
        config = SHORT if short else learned.Config()
        found = learned.fit(ratings, config=config, rng=np.random.default_rng(SEED))
    before_s = perf_counter()
    learned.save(found, folder)
    cost.seconds["save"] = perf_counter() - before_s
    cost.total_s = perf_counter() - began_s
    cost.peak_bytes = peak_bytes()
    cost.artefact_bytes = learned.size_of(folder)
    return cost


@contextmanager
def watched(seconds: dict[str, float]) -> Iterator[None]:
    """Take the time of each step of a fit."""
    originals = {name: getattr(steps, name) for name in STEPS if hasattr(steps, name)}
    for name, step in originals.items():
        setattr(steps, name, timed(step, STEPS[name], seconds))
    try:
        yield
    finally:
        for name, step in originals.items():
            setattr(steps, name, step)


def timed(
    step: Callable[..., Any], name: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        began_s = perf_counter()
        found = step(*args, **named)
        seconds[name] = seconds.get(name, 0.0) + perf_counter() - began_s
        return found

    return run


def forget_peak() -> None:
    """Let the kernel count from here: making the ratings up took memory, too."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Return the most memory this process has had, the ratings included."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kib) * 1024


# Serving, in another one


def serve(folder: Path) -> dict[str, float]:
    """Return milliseconds by what was done: the median."""
    began_s = perf_counter()
    found = learned.load(folder)
    load_ms = (perf_counter() - began_s) * 1000
    films = found.vocabulary.items
    rng = np.random.default_rng(SEED + 1)
    chances = 1.0 / (np.arange(films.size) + 30.0)
    rated = rng.choice(films, size=KNOWN, replace=False, p=chances / chances.sum())
    history = learned.History(rated, rng.integers(2, 11, size=KNOWN) / 2)
    others = films[~np.isin(films, rated)][:EXPLAINED]
    person = place(found.vocabulary, history)
    taken = {
        "fold in": median_ms(lambda: fold_in(found.taste, person)),
        "score all": median_ms(lambda: found.rank(history, films)),
        f"score all, best {LISTED}": median_ms(
            lambda: best_columns(found.rank(history, films), LISTED)
        ),
        "match of all": median_ms(lambda: found.match(history, films)),
        "explain 1": median_ms(lambda: found.explain(history, int(others[0]))),
        f"explain {EXPLAINED}": median_ms(lambda: found.explain_all(history, others)),
    }
    return {"load and check": load_ms, **taken}


def median_ms(what: Callable[[], object]) -> float:
    for _ in range(WARM_UP):
        what()
    taken = []
    for _ in range(REPEATS):
        began_s = perf_counter()
        what()
        taken.append(perf_counter() - began_s)
    return median(taken) * 1000


# What is told


def tell_training(size: Size, cost: Cost) -> None:
    rest_s = cost.total_s - sum(cost.seconds.values())
    told = ", ".join(f"{name} {s:.1f}" for name, s in cost.seconds.items() if s > 0.05)
    print(
        f"{cost.ratings:>10,} ratings of {size.films:>6,} films: "
        f"{cost.total_s:7.1f} s, at most {mib(cost.peak_bytes)}, "
        f"artefact {mib(cost.artefact_bytes)}\n    seconds: {told}, rest {rest_s:.1f}",
        flush=True,
    )


def tell_serving(size: Size, cost: Cost, taken: dict[str, float]) -> bool:
    print(f"{size.films:,} films, artefact {mib(cost.artefact_bytes)}; {load()}")
    for name, ms in taken.items():
        print(f"    {name:20} {ms:8.2f} ms", flush=True)
    return taken[f"score all, best {LISTED}"] <= ALLOWED_MS


def mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def load() -> str:
    return f"load of the machine {os.getloadavg()[0]:.1f}"


def apart(what: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Do it in a new process, and return what it returns."""
    with SPAWN.Pool(1) as pool:
        return pool.apply(what, args, named)


def measure_training(size: Size) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tell_training(size, apart(train, size, Path(folder) / "model", short=False))


def measure_serving(size: Size) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        cost = apart(train, size, Path(folder) / "model", short=True)
        return tell_serving(size, cost, apart(serve, Path(folder) / "model"))


def main(arguments: list[str]) -> int:
    """Return 0 if listing the best takes as long as is allowed, at most."""
    asked = parser().parse_args(arguments)
    os.environ.update(ONE_THREAD)
    if asked.ratings:
        measure_training(Size(asked.ratings, asked.films))
        return 0
    print(f"training; {load()}", flush=True)
    for size in (*TRAINED, *([LARGE] if asked.large else [])):
        measure_training(size)
    print(f"serving somebody with {KNOWN} ratings; goal: at most {ALLOWED_MS} ms")
    kept = [measure_serving(size) for size in SERVED]
    return 0 if all(kept) else 1


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m bench.engine_costs")
    found.add_argument("--large", action="store_true", help="ten million ratings, too")
    found.add_argument("--ratings", type=int, help="train on so many only")
    found.add_argument("--films", type=int, default=LARGE.films, help="with --ratings")
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
