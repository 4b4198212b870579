"""Constrain what is written from now on, without a look at what is there."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ratings", "1002_fill_mood")]

    operations = [
        AddConstraintNotValid(
            "rating",
            models.CheckConstraint(
                condition=models.Q(mood__isnull=False), name="rating_has_mood"
            ),
        )
    ]
