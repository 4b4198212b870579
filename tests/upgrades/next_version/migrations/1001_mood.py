"""Expand: the version before neither reads nor fills it, so the database does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ratings", "0003_skipped_movies")]

    operations = [
        migrations.AddField("rating", "mood", models.SmallIntegerField(null=True)),
        # After the column, so that old rows stay empty until they are filled.
        migrations.AlterField(
            "rating", "mood", models.SmallIntegerField(null=True, db_default=0)
        ),
    ]
