"""`backup`: writes the whole installation, at one moment, into one file.

Exit codes: 0 done, 1 it failed and may work another time, 2 it cannot be done so,
130 Ctrl-C. Unless it is 0, there is no file.
"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.utils import timezone

from nexus.backup.console import bytes_shown, told_in_one_line
from nexus.backup.manifest import Manifest
from nexus.backup.operations import back_up
from nexus.console import OwnCommand
from nexus.lib.counted import counted

NOTES: Final = (
    "Not in it: SECRET_KEY and the other variables, to be kept apart; sessions, and "
    "jobs that wait."
)


class Command(OwnCommand):
    help = (
        "Write the installation into one new file, also while it runs. Exit codes: 0 "
        "done, 1 it failed, 2 it cannot be done so, 130 stopped; unless 0, no file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", type=Path, metavar="FILE", help="Such as nexus-2031-05-01.tar."
        )
        parser.add_argument(
            "--json", action="store_true", help="Sum up in JSON, for programs."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].absolute()
        try:
            with told_in_one_line(), bytes_shown(self) as told:
                manifest = back_up(path=path, now=timezone.now(), told=told("write"))
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; there is no backup.", style_func=str)
            sys.exit(130)
        for version in manifest.lost_models:
            self.stderr.write(lost(version), style_func=str)
        tell = as_json if options["json"] else as_text
        self.stdout.write(tell(manifest, path))


def lost(version: str) -> str:
    return f"Model {version} cannot be read and is not in the backup: `train` it again."


def as_json(manifest: Manifest, path: Path) -> str:
    return json.dumps({"path": str(path)} | asdict(manifest))


def as_text(manifest: Manifest, path: Path) -> str:
    size = path.stat().st_size / 1e6
    return (
        f"{path}: {manifest.rows} rows of {len(manifest.tables)} tables and "
        f"{counted(len(manifest.models), 'model')}, {size:.1f} MB.\n{NOTES}"
    )
