"""`prepare`: what has to be done before the web server starts. Safe to repeat."""

from typing import Any

from django.core.management import call_command

from nexus.accounts.roles import ensure_groups
from nexus.catalog.load_starter import load_starter
from nexus.catalog.title_index import derive_missing
from nexus.console import OwnCommand


class Command(OwnCommand):
    help = "Migrate the database, give the roles their powers, load the catalogue."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        ensure_groups()
        load_starter()
        derive_missing()
