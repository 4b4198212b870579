"""`prepare`: what has to be done before the web server starts. Safe to repeat."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from nexus.catalog.load_starter import load_starter


class Command(BaseCommand):
    help = "Migrate the database and load the starter catalogue."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        load_starter()
