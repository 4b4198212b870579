"""`restore`: puts a backup into an empty installation, or looks whether it is whole.

Exit codes: 0 done; 1 it failed, 2 it cannot be done so, 130 Ctrl-C, and nothing is
changed by any of these; 3 the database is filled, and what follows was not finished.
"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from nexus.backup.console import bytes_shown, told_in_one_line
from nexus.backup.errors import WentWrong
from nexus.backup.manifest import Manifest
from nexus.backup.operations import check, finish, restore
from nexus.console import OwnCommand
from nexus.lib.counted import counted

TERM_DAYS: Final = 180  # that TMDb's terms allow a copy to be kept for
TOO_OLD: Final = (
    "It is older than TMDb's terms allow a copy of their content to be kept: delete "
    "it. Nexus hides what has become too old, and asks TMDb for it again."
)
NOT_FINISHED: Final = 3
GO_ON: Final = (
    "The backup is in the database, but was not counted and migrated to the end: run "
    "`python -m nexus prepare`, then `python -m nexus doctor`."
)
NOTES: Final = (
    "Everybody has to sign in again. Empty the Valkey, if it is the one from before."
)


class Command(OwnCommand):
    help = (
        "Put a backup into an empty database. Exit codes: 0 done, 1 it failed, 2 it "
        "cannot be done so, 130 stopped: nothing is changed by these; 3 all is there, "
        "but was not counted and migrated to the end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="FILE")
        parser.add_argument(
            "--check",
            action="store_true",
            help="Only look whether it is whole and unchanged.",
        )
        parser.add_argument(
            "--json", action="store_true", help="Sum up in JSON, for programs."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = self.read(options)
        migrated = [] if options["check"] else self.finish(manifest)
        if is_too_old(manifest):
            self.stderr.write(TOO_OLD, style_func=str)
        if options["json"]:
            body = {"manifest": asdict(manifest), "migrated": migrated}
            self.stdout.write(json.dumps(body))
        elif options["check"]:
            self.stdout.write(f"The backup is whole: {as_text(manifest)}")
        else:
            number = counted(len(migrated), "migration")
            followed = f" {number} followed." if migrated else ""
            self.stdout.write(f"Restored: {as_text(manifest)}{followed}\n{NOTES}")

    def read(self, options: dict[str, Any]) -> Manifest:
        try:
            with told_in_one_line(), bytes_shown(self) as told:
                path, checked = options["path"], told("check")
                if options["check"]:
                    return check(path=path, told=checked)
                return restore(path=path, checked=checked, loaded=told("load"))
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; nothing was changed.", style_func=str)
            sys.exit(130)

    def finish(self, manifest: Manifest) -> list[str]:
        try:
            with told_in_one_line():
                return finish(manifest)
        except KeyboardInterrupt:
            self.stderr.write(f"Interrupted. {GO_ON}", style_func=str)
            sys.exit(NOT_FINISHED)
        except CommandError as error:
            is_worthless = isinstance(error.__cause__, WentWrong)
            told = str(error) if is_worthless else f"{error} {GO_ON}"
            raise CommandError(told, returncode=NOT_FINISHED) from error


def is_too_old(manifest: Manifest) -> bool:
    created_at = parse_datetime(manifest.created_at)
    return created_at is None or (timezone.now() - created_at).days > TERM_DAYS


def as_text(manifest: Manifest) -> str:
    return (
        f"{manifest.rows} rows of {len(manifest.tables)} tables and "
        f"{counted(len(manifest.models), 'model')}, as they were at "
        f"{manifest.created_at:.16} (Nexus {manifest.version})."
    )
