"""`ratings`: brings in ratings from elsewhere to learn from, and removes them again.

Exit codes: 0 done, 1 not confirmed or not now, 2 it cannot be done so, 130 Ctrl-C.
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from nexus.console import (
    CANNOT_BE_DONE,
    NOT_NOW,
    OwnCommand,
    in_one_line,
    shown,
)
from nexus.lib.progress import minutes
from nexus.recommendations.movielens import read_terms
from nexus.recommendations.outside import (
    Imported,
    UnreadableRows,
    forget_movielens,
    import_movielens,
)

WORDS: Final[Mapping[str, str]] = {"ratings": "ratings"}
NO_TERMS: Final = (
    "The folder has no README and no licence. GroupLens's terms are at\n"
    "https://grouplens.org/datasets/movielens/ and count for it all the same."
)
QUESTION: Final = "Do you accept these terms, for this installation? Type yes: "


class Command(OwnCommand):
    help = "Bring in ratings from elsewhere to learn from, or remove them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        importing = verbs.add_parser(
            "import-movielens",
            help="Hold exactly the ratings of a MovieLens folder, to learn from.",
        )
        importing.add_argument("path", type=Path, metavar="PATH")
        importing.add_argument(
            "--accept-licence",
            action="store_true",
            help="You have read the folder's terms and accept them: do not ask.",
        )
        forgetting = verbs.add_parser(
            "forget-movielens", help="Remove all that came from MovieLens."
        )
        for verb in (importing, forgetting):
            verb.add_argument(
                "--json", action="store_true", help="Sum up in JSON, for programs."
            )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with in_one_line(undone="Nothing was changed."):
                if options["verb"] == "forget-movielens":
                    self.forget(as_json=options["json"])
                else:
                    self.bring_in(options)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; nothing was changed.", style_func=str)
            sys.exit(130)

    def forget(self, *, as_json: bool) -> None:
        removed = forget_movielens()
        told = f"{removed} ratings removed. Models that learned from them stay."
        self.stdout.write(json.dumps({"removed": removed}) if as_json else told)

    def bring_in(self, options: dict[str, Any]) -> None:
        terms = read_terms(options["path"])
        if not options["accept_licence"]:
            self.ask(terms or NO_TERMS)
        began_s = time.monotonic()
        found = self.import_shown(options["path"])
        seconds = time.monotonic() - began_s
        if options["json"]:
            body = asdict(found) | {"seconds": round(seconds, 1)}
            self.stdout.write(json.dumps(body))
        else:
            self.stdout.write(as_text(found, seconds=seconds))

    def ask(self, terms: str) -> None:
        """Show the terms and go on after a clear yes only."""
        self.stderr.write(f"{terms}\n", style_func=str)
        if not sys.stdin.isatty():
            raise CommandError(
                "Nobody is here to accept these terms: call it with --accept-licence.",
                returncode=CANNOT_BE_DONE,
            )
        self.stderr.write(QUESTION, style_func=str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise CommandError("Not accepted; nothing was changed.", returncode=NOT_NOW)

    def import_shown(self, folder: Path) -> Imported:
        try:
            with shown(self, WORDS) as told:
                return import_movielens(
                    folder=folder, now=timezone.now(), told=partial(told, "ratings")
                )
        except UnreadableRows as error:
            for fault in error.faults:
                self.stderr.write(str(fault), style_func=str)
            raise


def as_text(found: Imported, *, seconds: float) -> str:
    held = found.new + found.changed + found.same
    return (
        f"{held} ratings of {found.films} films by {found.users} people in "
        f"{minutes(seconds)}: {found.new} new, {found.changed} changed, {found.same} as"
        f" before; {found.removed} others removed.\n"
        f"Left out of {found.rows} rows: {found.without_tmdb_id} of films without an id"
        f" of TMDb's, {found.duplicates} older ones of the same film."
    )
