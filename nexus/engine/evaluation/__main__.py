"""`python -m nexus.engine.evaluation FOLDER`: measure on a MovieLens folder, report."""

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nexus.engine.evaluation.costs import Watch
from nexus.engine.evaluation.entrants import gather, settings_of
from nexus.engine.evaluation.matches import ALL, MatchLedger
from nexus.engine.evaluation.metrics import bin_claims
from nexus.engine.evaluation.movielens import MovieLens, read_movielens
from nexus.engine.evaluation.outside import installed_version
from nexus.engine.evaluation.plot import plot_calibration
from nexus.engine.evaluation.protocols import PROTOCOLS, Plan, evaluate
from nexus.engine.evaluation.report import Heading, write_report

LIBRARIES = ("numpy", "scipy", "implicit", "scikit-surprise")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 2 if the folder cannot be read."""
    asked = _parser().parse_args(arguments)
    try:
        data = read_movielens(asked.folder)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot read {asked.folder}: {error}\n")
        return 2
    _measure(data, asked)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nexus.engine.evaluation",
        description="Measure the engine and its peers on a MovieLens folder.",
    )
    parser.add_argument("folder", type=Path, help="holds ratings.csv and movies.csv")
    parser.add_argument("--out", type=Path, default=Path("docs/EVALUATION.md"))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", action="append", choices=PROTOCOLS, help="may be given repeatedly"
    )
    return parser


def _measure(data: MovieLens, asked: argparse.Namespace) -> None:
    only = tuple(asked.only or PROTOCOLS)
    plan = Plan(data.ratings, data.item_groups, asked.folds, asked.seed, only)
    entrants = gather(asked.seed, data.item_groups)
    watch = Watch(time.perf_counter, _tell)
    outcome = evaluate(plan, entrants, watch)
    plot = _write_plot(outcome.claims, asked.out)
    heading = Heading(
        data=_facts(data, asked.folder),
        versions=_versions(),
        folds=asked.folds,
        seed=asked.seed,
        absent=entrants.absent,
        settings={it.name: settings_of(it) for it in entrants.everybody},
    )
    report = write_report(heading, outcome.sections, plot=plot)
    asked.out.write_text(report, encoding="utf-8")
    _tell(f"written: {asked.out}")


def _facts(data: MovieLens, folder: Path) -> dict[str, str]:
    ratings = data.ratings
    people, films = len(set(ratings.users.tolist())), len(set(ratings.items.tolist()))
    size = f"{len(ratings):,} ratings by {people:,} people of {films:,} films"
    prints = {f"SHA-256 of {name}": f"`{it}`" for name, it in data.fingerprints.items()}
    return {"data": f"{folder.resolve().name}: {size}", **prints}


def _versions() -> dict[str, str]:
    found = {name: installed_version(name) for name in LIBRARIES}
    there = {name: version for name, version in found.items() if version is not None}
    return {"Python": platform.python_version(), **there}


def _write_plot(claims: MatchLedger, out: Path) -> str | None:
    """Beside the report, under its name; None if no match was measured."""
    names = list(dict.fromkeys(name for _, name in claims.rows))
    if not names:
        return None
    found = {name: claims.claims(ALL, name) for name in names}
    curves = {name: bin_claims(one.liked, one.like) for name, one in found.items()}
    plot = out.with_name(f"{out.stem.lower()}-calibration.svg")
    plot.write_text(plot_calibration(curves), encoding="utf-8")
    return plot.name


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
