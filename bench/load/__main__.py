"""Measures the product beside the limit and prints every goal beside what was measured.

Without a folder it fills one of its own. `--home` names one that stays, and that is
filled first where it is empty. The figures are kept in one file, of each size the last
ones; `--report` writes them out for people.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.homes import ask_for_folder, home_of, interruptible, say
from bench.load.goals import goals_with
from bench.load.report import report
from bench.load.store import Run, add_run, read_runs
from bench.load.wrk import require_wrk


def main(words: Sequence[str]) -> int:
    wanted = read(words)
    if not wanted.only_report:
        require_measurable(wanted)
        with home_of(wanted.home, films=wanted.films, seed=wanted.seed) as home:
            measure(wanted, home)
    if wanted.report is not None:
        text = report(read_runs(wanted.out))
        wanted.report.write_text(text, encoding="utf-8")
        say(f"Told in {wanted.report}")
    return 0


def require_measurable(wanted: argparse.Namespace) -> None:
    """End before a folder is filled where nothing could be measured or kept."""
    goals_with(wanted.only)
    read_runs(wanted.out)
    require_wrk()


def measure(wanted: argparse.Namespace, home: Path) -> None:
    """Keep what was measured, even where something failed at last."""
    from bench.load import run  # noqa: PLC0415  settings know the home

    found: Run = {}
    try:
        run.measure(wanted, home, found)
    except BaseException as error:
        found["ended_by"] = f"{type(error).__name__}: {error}"[:300]
        raise
    finally:
        if wanted.only:
            say("Not kept: only a part was measured.")
        elif found.get("goals"):
            add_run(wanted.out, found)
            say(f"Kept in {wanted.out}")


def read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    add = parser.add_argument
    ask_for_folder(parser)
    add("--untrained", action="store_true", help="learn nothing before: rules answer")
    add("--rounds", type=int, default=3, help="whose medians count")
    add("--seconds", type=float, default=1.0, help="of a round, whole ones")
    add("--connections", type=int, default=16)
    add("--minutes", type=float, default=0.5, help="of the mix; 0: none")
    add("--only", default="", help="goals whose name has this in it, and nothing else")
    add("--profile", action="store_true", help="name hot functions of missed goals")
    add("--out", type=Path, default=Path("bench.json"), help="keeps the figures")
    add("--report", type=Path, help="a page for people: docs/PERFORMANCE.md")
    add("--only-report", action="store_true", help="measure nothing, only tell")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(interruptible(main, sys.argv[1:]))
