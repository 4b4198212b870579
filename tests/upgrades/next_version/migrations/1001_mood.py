"""Expand: the version before neither reads nor fills it, so the database does."""

from pathlib import Path

from django.db import migrations, models

from nexus.ratings import migrations as ours

LAST = max(path.stem for path in Path(ours.__path__[0]).glob("0*.py"))


class Migration(migrations.Migration):
    dependencies = [("ratings", LAST)]

    operations = [
        migrations.AddField("rating", "mood", models.SmallIntegerField(null=True)),
        # After the column, so that old rows stay empty until they are filled.
        migrations.AlterField(
            "rating", "mood", models.SmallIntegerField(null=True, db_default=0)
        ),
    ]
