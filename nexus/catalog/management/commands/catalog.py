"""`catalog`: brings films of TMDb's in, or up to date, many at once.

Exit codes: 0 all done, 1 some of it is left to do, 2 it cannot be done so, 130 stopped.
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from nexus.catalog.fill import LISTS, Outcome, Report, fill, refresh
from nexus.catalog.listings import LAST_PAGE
from nexus.catalog.patience import Interrupted
from nexus.catalog.upstream import is_configured
from nexus.console import (
    OwnCommand,
    refuse_unprepared,
    shown,
    stopped_by_signals,
    whole,
)
from nexus.lib.counted import counted
from nexus.lib.progress import minutes
from nexus.tmdb import MAX_ID, TmdbKeyRejected, TmdbNotConfigured

FILMS: Final = "films"
PATIENCE_S: Final = 300
LONGEST_PATIENCE_S: Final = 24 * 60 * 60
WORDS: Final[dict[Outcome, str]] = {
    "new": "new",
    "refreshed": "refreshed",
    "fresh": "fresh already",
    "unknown": "unknown to TMDb",
    "failed": "failed",
}


class Command(OwnCommand):
    help = (
        "Bring films of TMDb's into the catalogue, or up to date. Exit codes: 0 all "
        "done, 1 some of it is left to do, 2 it cannot be done so, 130 stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        filling = verbs.add_parser("fill", help="Bring in a list of TMDb's.")
        filling.add_argument(
            "--pages",
            type=whole(1, LAST_PAGE),
            required=True,
            metavar="N",
            help="So many pages of 20 films.",
        )
        filling.add_argument(
            "--list", choices=list(LISTS), default="popular", dest="name"
        )
        refreshing = verbs.add_parser("refresh", help="Ask for stored films again.")
        refreshing.add_argument(
            "ids",
            nargs="*",
            type=whole(1, MAX_ID),
            metavar="ID",
            help="TMDb's ids; without any, all whose copy is older than a week.",
        )
        for verb in (filling, refreshing):
            add_common_arguments(verb)

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_configured():
            raise CommandError(str(TmdbNotConfigured()), returncode=2)
        refuse_unprepared()
        began_s = time.monotonic()
        with stopped_by_signals(), shown(self, {FILMS: FILMS}) as show:
            report = run_of(options)(
                patience_s=options["patience"],
                clock=timezone.now,
                told=partial(show, FILMS),
            )
        tell = as_json if options["json"] else as_text
        self.stdout.write(tell(report, options, seconds=time.monotonic() - began_s))
        end(report)


def add_common_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--patience",
        type=whole(0, LONGEST_PATIENCE_S),
        default=PATIENCE_S,
        metavar="SECONDS",
        help="Wait so long for TMDb to answer again (default: %(default)s).",
    )
    parser.add_argument(
        "--json", action="store_true", help="Sum up in JSON, for programs."
    )


def run_of(options: dict[str, Any]) -> Callable[..., Report]:
    if options["verb"] == "fill":
        return partial(fill, options["name"], pages=options["pages"])
    return partial(refresh, options["ids"])


def as_text(report: Report, options: dict[str, Any], *, seconds: float) -> str:
    counts = ", ".join(f"{report.outcomes[key]} {word}" for key, word in WORDS.items())
    films = counted(report.done, "film")
    lines = [f"{films} in {minutes(seconds)}: {counts}."]
    lines += [f"  {id_}: {why}" for id_, why in sorted(report.failures.items())]
    return "\n".join(lines)


def as_json(report: Report, options: dict[str, Any], *, seconds: float) -> str:
    failures = sorted(report.failures.items())
    body: dict[str, Any] = {
        "verb": options["verb"],
        "films": report.done,
        **{str(key): report.outcomes[key] for key in WORDS},
        "failures": [{"tmdb_id": id_, "reason": why} for id_, why in failures],
        "is_complete": report.is_complete,
        "stopped": str(report.stopped) if report.stopped else None,
        "seconds": round(seconds, 1),
    }
    return json.dumps(body, ensure_ascii=False)


def end(report: Report) -> None:
    """Say what is left to do, and how; a run that did everything just ends."""
    go_on = "Start the same command again: it goes on with the rest."
    match report.stopped:
        case Interrupted():
            sys.stderr.write(f"Interrupted. {go_on}\n")
            sys.exit(130)
        case TmdbKeyRejected() as error:
            raise CommandError(str(error), returncode=2)
        case Exception() as error:
            raise CommandError(f"{error} {go_on}", returncode=1)
    if report.failures:
        raise CommandError(
            f"{counted(len(report.failures), 'film')} failed. {go_on}", returncode=1
        )
