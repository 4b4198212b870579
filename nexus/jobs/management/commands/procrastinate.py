"""procrastinate's own command, whose worker tells its metrics besides."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from procrastinate.contrib.django.management.commands import procrastinate

from nexus.jobs.exposed import expose


class Command(procrastinate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "worker" and settings.METRICS_PORT:
            try:
                expose()
            except OSError as error:
                place = f"{settings.HOST}:{settings.METRICS_PORT}"
                raise CommandError(
                    f"{place} cannot be used ({error.strerror}): set METRICS_PORT to "
                    "another.",
                    returncode=2,
                ) from error
        super().handle(*args, **options)
