"""`prepare`: what has to be done before the web server starts. Safe to repeat."""

from contextlib import suppress
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from nexus.accounts.roles import ensure_groups
from nexus.catalog.load_starter import load_starter
from nexus.catalog.upkeep import purge_old_movies


class Command(BaseCommand):
    help = (
        "Migrate the database, give the roles their powers, load the catalogue, and "
        "purge what is too old of it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        ensure_groups()
        load_starter()
        # One film that fails, which is logged, must not keep the product from starting:
        # nothing shows an old copy, and a job tries again.
        with suppress(DatabaseError):
            purge_old_movies(now=timezone.now())
