"""`prepare`: what has to be done before the web server starts. Safe to repeat.

Several may run at once, also while an older version serves: one after the other works.
"""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError

from nexus.accounts.roles import ensure_groups
from nexus.catalog.load_starter import load_starter
from nexus.catalog.title_index import derive_missing
from nexus.console import OwnCommand
from nexus.database.migrations import applied_migrations, pending_migrations
from nexus.jobs.migrating import BeingPrepared, TablesInUse, alone, migrate


class Command(OwnCommand):
    help = "Migrate the database, give the roles their powers, load the catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="Sum up in JSON, for programs."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            with alone(self.tell):
                done = self.prepare(as_json=options["json"])
        except (BeingPrepared, TablesInUse) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            took_s = round(time.monotonic() - started, 3)
            self.stdout.write(json.dumps(done | {"seconds": took_s}))

    def prepare(self, *, as_json: bool) -> dict[str, Any]:
        # Each migration is named to a person who upgrades, not at the first start.
        is_watched = not as_json and self.stdout.isatty() and bool(applied_migrations())
        pending = pending_migrations() if as_json or is_watched else []
        verbosity = int(is_watched and bool(pending))
        migrate(self.tell, verbosity=verbosity)
        ensure_groups()
        added, derived = load_starter(), derive_missing()
        return {"migrated": pending, "films_added": added, "titles_derived": derived}

    def tell(self, text: str) -> None:
        self.stderr.write(text, style_func=str)
