"""The indexes of the upkeep, built while the version before still writes films."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently within a transaction

    dependencies = [
        ('catalog', '0003_upkeep'),
    ]

    # What an interrupted build leaves behind has the index's name and is of no use: it
    # is dropped, so that starting again is enough.
    operations = [
        migrations.RunSQL(
            'DROP INDEX CONCURRENTLY IF EXISTS movie_fetched', migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name='movie',
            index=models.Index(fields=['fetched_at'], name='movie_fetched'),
        ),
        migrations.RunSQL(
            'DROP INDEX CONCURRENTLY IF EXISTS movie_purged', migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name='movie',
            index=models.Index(condition=models.Q(('purged_at__isnull', False)), fields=['purged_at'], name='movie_purged'),
        ),
    ]
