"""`train`: learns a model from all ratings, and serves it unless it is worse.

Exit codes: 0 done or nothing to do, 1 not now: another training is under way, or the
disk or the database fails; 130 Ctrl-C. Whatever fails, the active model stays.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from nexus.console import NOT_NOW, OwnCommand, first_line, in_one_line, shown, whole
from nexus.lib.progress import minutes
from nexus.recommendations.training import (
    LEAST_FILMS,
    LEAST_PEOPLE,
    LEAST_RATINGS,
    Report,
    is_due,
    train,
)

WORDS: Final[Mapping[str, str]] = {
    "read": "ratings read",
    "pick": "seconds of learning who picks what, by the last time",
    "taste": "seconds of learning tastes, by the last time",
    "calibration": "seconds of learning true chances, by the last time",
    "measure": "people asked of the new model",
    "compare": "people asked of both models",
}
FIGURES: Final = ("ndcg_10", "ndcg_100", "rmse", "ece", "cover")
LARGEST: Final = 999_999_999
# Sums come out otherwise by another number of threads: so would the model's version.
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
GO_ON: Final = "Start the same command again: it goes on with what is finished."
UNDONE: Final = f"The active model stays. {GO_ON}"


class Command(OwnCommand):
    help = "Learn a model from all ratings, and serve it unless it is worse."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seed",
            type=whole(0, LARGEST),
            default=0,
            metavar="N",
            help="Equal ratings and seed give an equal model (default: 0).",
        )
        parser.add_argument(
            "--keep",
            type=whole(0, LARGEST),
            metavar="N",
            help="Afterwards, forget all models but the newest N: see `models prune`.",
        )
        parser.add_argument(
            "--daily",
            action="store_true",
            help="Do nothing if the last one ended within a day.",
        )
        parser.add_argument(
            "--json", action="store_true", help="Sum up in JSON, for programs."
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Begin anew with one thread: the libraries have read the variables by now."""
        if any(os.environ.get(name) != one for name, one in ONE_THREAD.items()):
            words = [sys.executable, *sys.orig_argv[1:]]
            os.execve(sys.executable, words, os.environ | ONE_THREAD)  # noqa: S606
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        began_s = time.monotonic()
        try:
            with in_one_line(undone=UNDONE):
                report = self.train(options)
        except KeyboardInterrupt:
            self.stderr.write(f"Interrupted. {GO_ON}", style_func=str)
            sys.exit(130)
        except OSError as error:
            reason = f"The models' folder cannot be written: {first_line(error)}"
            told = f"{reason}. {UNDONE}"
            raise CommandError(told, returncode=NOT_NOW) from error
        if report is not None:
            tell = as_json if options["json"] else as_text
            self.stdout.write(tell(report, seconds=time.monotonic() - began_s))

    def train(self, options: dict[str, Any]) -> Report | None:
        now = timezone.now()
        if options["daily"] and not is_due(now=now):
            return None
        with shown(self, WORDS) as told:
            return train(seed=options["seed"], now=now, told=told, keep=options["keep"])


def as_json(report: Report, *, seconds: float) -> str:
    return json.dumps(asdict(report) | {"total_seconds": round(seconds, 1)})


def as_text(report: Report, *, seconds: float) -> str:
    learned_from = (
        f"{report.ratings} ratings of {report.films} films by {report.people} people"
    )
    match report.outcome:
        case "nothing":
            needed = f"{LEAST_RATINGS} of {LEAST_FILMS} films by {LEAST_PEOPLE} people"
            told = f"Nothing to train: there are {learned_from}; it takes {needed}."
            return f"{told}{deactivated(report)}"
        case "unchanged" if report.reasons:
            told = f"Nothing has changed since model {report.version} was trained"
            return f"{told}.\n{refused(report)}"
        case "unchanged":
            return f"Nothing has changed since model {report.version} was trained."
    lines = [f"Model {report.version}: {learned_from}, in {minutes(seconds)}."]
    asked = f"of {report.figures['people']:.0f} people it has never seen"
    lines += [figures_line("It", asked, report.figures)]
    lines += compared_lines(report)
    lines += ["It is active now." if report.outcome == "activated" else refused(report)]
    return "\n".join(lines)


def compared_lines(report: Report) -> list[str]:
    if report.active is None:
        return []
    active = f"The active {report.active}"
    if report.compared_by is None:
        return [f"{active} cannot be read, and is served to nobody."]
    if report.compared_by == "notes":
        return [figures_line(active, "at its own training", report.compared)]
    asked = f"of the {report.compared['people']:.0f} people neither has seen"
    return [
        figures_line(active, asked, report.compared),
        figures_line("It", "of the same", report.beside),
    ]


def refused(report: Report) -> str:
    return (
        f"It is not activated: {'; '.join(report.reasons)}.\n"
        f"`models activate {report.version}` does so all the same."
    )


def deactivated(report: Report) -> str:
    if not report.is_deactivated:
        return ""
    told = f"Model {report.active} is active no more, since hardly anybody of those it"
    return f"\n{told} was learned from is left: fixed rules answer."


def figures_line(who: str, asked: str, figures: Mapping[str, float]) -> str:
    told = ", ".join(f"{key} {figures[key]:.4f}" for key in FIGURES if key in figures)
    return f"{who}, {asked}: {told or 'nothing can be told'}."
