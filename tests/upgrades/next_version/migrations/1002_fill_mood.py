"""Backfill in batches, each for good: an interrupted run goes on where it ended."""

from typing import Any, Final

from django.db import migrations
from django.db.models import F

AT_ONCE: Final = 500


def fill(apps: Any, editor: Any) -> None:
    ratings = apps.get_model("ratings", "Rating").objects
    while keys := list(ratings.filter(mood=None).values_list("pk", flat=True)[:AT_ONCE]):
        ratings.filter(pk__in=keys).update(mood=F("half_stars"))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ratings", "1001_mood")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
