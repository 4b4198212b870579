"""Index while everybody writes; what an interrupted build left goes first."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ratings", "1004_validate_mood")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS rating_mood", migrations.RunSQL.noop
        ),
        AddIndexConcurrently("rating", models.Index("mood", name="rating_mood")),
    ]
