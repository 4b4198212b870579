"""`doctor`: looks at the installation and says what is wrong, and what to do.

Exit codes: 0 all is well, 1 something is wrong, 2 it was called wrongly.
"""

import logging
import sys
from argparse import SUPPRESS, ArgumentParser
from functools import partial
from typing import Any, Final

from django.utils import timezone

from nexus.console import OwnCommand, whole
from nexus.doctor.database import database, looked_at
from nexus.doctor.findings import Finding, Status, exit_code, tell
from nexus.doctor.machine import machine
from nexus.doctor.parts import configuration, model, tmdb, valkey

LEAST_FREE_MB: Final = 500
LARGEST: Final = 999_999_999


class Command(OwnCommand):
    help = (
        "Look at the installation: settings, versions, disk, permissions, database, "
        "cache, clock, worker, model. Exit codes: 0 all is well, 1 something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--online", action="store_true", help="Also ask TMDb once, with the key."
        )
        parser.add_argument(
            "--deploy",
            action="store_true",
            help="Also what an installation on an open network needs, such as HTTPS.",
        )
        parser.add_argument(
            "--least-free",
            type=whole(0, LARGEST),
            default=LEAST_FREE_MB,
            metavar="MB",
            help="So much of the disk should be free (default: %(default)s).",
        )
        parser.add_argument(
            "--json", action="store_true", help="Tell it in JSON, for programs."
        )
        # From the launcher, whose words are better than that nobody listens.
        parser.add_argument("--database-fault", default="", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("nexus").setLevel(logging.CRITICAL)  # it is all told here
        findings = examine(options)
        self.stdout.write(tell(findings, for_programs=options["json"]))
        sys.exit(exit_code(findings))


def examine(options: dict[str, Any]) -> list[Finding]:
    stored = database(clock=timezone.now, fault=options["database_fault"])
    can_ask = any(
        (one.check, one.status) == ("migrations", Status.OK) for one in stored
    )
    return [
        *configuration(deploy=options["deploy"]),
        *machine(least_mb=options["least_free"]),
        *stored,
        looked_at("valkey", valkey),
        looked_at("tmdb", partial(tmdb, online=options["online"], can_ask=can_ask)),
        looked_at("model", partial(model, can_ask=can_ask)),
    ]
