"""Have films vacuumed when a two hundredth of them has changed, not a fiftieth.

Until then an index does not answer alone for the pages of the table that changed, and
each of those has eight films: of a million films, 20,000 changes made a list look up
every fourth film that it passes over, 5,000 make it one in twenty.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # the lock, which no reader or writer waits for, is held for a moment

    dependencies = [
        ('catalog', '0008_words_at_once'),
    ]

    operations = [
        migrations.RunSQL(
            'ALTER TABLE catalog_movie SET (autovacuum_vacuum_scale_factor = 0.005,'
            ' autovacuum_vacuum_insert_scale_factor = 0.005)',
            'ALTER TABLE catalog_movie SET (autovacuum_vacuum_scale_factor = 0.02,'
            ' autovacuum_vacuum_insert_scale_factor = 0.02)',
        ),
    ]
