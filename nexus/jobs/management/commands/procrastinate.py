"""procrastinate's own command, whose worker tells its metrics besides."""

from typing import Any

from procrastinate.contrib.django.management.commands import procrastinate

from nexus.jobs.exposed import expose


class Command(procrastinate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "worker":
            expose()
        super().handle(*args, **options)
