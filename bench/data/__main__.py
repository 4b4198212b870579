"""Fills the installation that NEXUS_HOME or DATABASE_URL names, which must be empty."""

import argparse
import os

import django
from django.conf import settings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=10_000)
    parser.add_argument("--members", type=int)
    parser.add_argument("--ratings", type=int, default=0)
    parser.add_argument("--viewings", type=int)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    django.setup()
    from nexus.launch.commands import database_of  # noqa: PLC0415  needs settings

    with database_of(settings.HOME, embedded=settings.IS_EMBEDDED):
        fill(wanted)
    return 0


def fill(wanted: argparse.Namespace) -> None:
    from django.core.management import call_command  # noqa: PLC0415

    from bench.data.load import load  # noqa: PLC0415  needs settings
    from nexus.catalog.models import Movie  # noqa: PLC0415

    call_command("prepare")
    if Movie.objects.filter(fetched_at__isnull=False).exists():
        raise SystemExit("There are films already: name an empty NEXUS_HOME.")
    members = wanted.ratings // 50 if wanted.members is None else wanted.members
    viewings = wanted.ratings // 2 if wanted.viewings is None else wanted.viewings
    load(
        films=wanted.films,
        members=members,
        ratings=wanted.ratings,
        viewings=viewings,
        seed=wanted.seed,
    )


if __name__ == "__main__":
    raise SystemExit(main())
