"""Keep no list of new words beside the indexes of searches: each search would read it.

PostgreSQL writes into these indexes later, in one go, unless told otherwise, and every
look into one goes through all that waits.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations
from django.db.models import Q

INDEXES = (
    ('movie', GinIndex(fastupdate=False, fields=['title_keys'], name='movie_title_keys')),
    ('movie', GinIndex(fastupdate=False, fields=['title_words'], name='movie_title_words')),
    ('movie', GinIndex(condition=Q(('removed_at__isnull', True), ('vote_count__gte', 50)), fastupdate=False, fields=['title_words'], name='movie_title_words_known')),
    ('titleword', GinIndex(fastupdate=False, fields=['remainders'], name='title_word_remainders')),
)


class Migration(migrations.Migration):
    atomic = False  # an index at a time: nobody waits for the others

    dependencies = [
        ('catalog', '0007_changes'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    f'ALTER INDEX {index.name} SET (fastupdate = off)',
                    f'ALTER INDEX {index.name} RESET (fastupdate)',
                ),
                migrations.RunSQL(
                    f"SELECT gin_clean_pending_list('{index.name}')",
                    migrations.RunSQL.noop,
                ),
            ],
            [
                migrations.RemoveIndex(model, index.name),
                migrations.AddIndex(model, index),
            ],
        )
        for model, index in INDEXES
    ]
