"""The indexes of lists and of searches, built while the version before still writes."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import F, FloatField, OrderBy, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast


def built(index: models.Index) -> list[Operation]:
    """What an interrupted build left behind has the index's name: it goes first."""
    return [
        migrations.RunSQL(
            f'DROP INDEX CONCURRENTLY IF EXISTS {index.name}', migrations.RunSQL.noop
        ),
        AddIndexConcurrently(model_name='movie', index=index),
    ]


INDEXES = [
    models.Index(fields=['id'], condition=Q(('title_keys', [])), name='movie_without_keys'),
    GinIndex(fields=['title_keys'], name='movie_title_keys'),
    GinIndex(fields=['title_words'], name='movie_title_words'),
    GinIndex(fields=['title_words'], condition=Q(('removed_at__isnull', True), ('vote_count__gte', 50)), name='movie_title_words_known'),
    models.Index(OrderBy(F('popularity'), descending=True, nulls_last=True), OrderBy(F('vote_count'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_popularity'),
    models.Index(F('popularity'), F('vote_count'), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_popularity_up'),
    models.Index(OrderBy(F('vote_count'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_vote_count'),
    models.Index(F('vote_count'), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_vote_count_up'),
    models.Index(OrderBy(F('vote_average'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_vote_average'),
    models.Index(F('vote_average'), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_vote_average_up'),
    models.Index(OrderBy(F('year'), descending=True, nulls_last=True), OrderBy(F('release_date'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('runtime', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_release'),
    models.Index(F('year'), F('release_date'), F('id'), condition=Q(('removed_at__isnull', True)), include=('runtime', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_release_up'),
    models.Index(OrderBy(F('runtime'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_runtime'),
    models.Index(F('runtime'), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_runtime_up'),
    models.Index(fields=['sort_title', 'id'], include=('year', 'runtime', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at', 'removed_at'), name='movies_by_title'),
    models.Index(F('original_language'), OrderBy(F('popularity'), descending=True, nulls_last=True), OrderBy(F('vote_count'), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'genres', 'fetched_at', 'purged_at'), name='movies_by_language'),
    models.Index(OrderBy(CombinedExpression(CombinedExpression(CombinedExpression(F('vote_average'), '*', Cast('vote_count', FloatField())), '+', Value(3250.0)), '/', CombinedExpression(Cast('vote_count', FloatField()), '+', Value(500))), descending=True, nulls_last=True), F('id'), condition=Q(('removed_at__isnull', True)), include=('year', 'runtime', 'vote_average', 'vote_count', 'popularity', 'original_language', 'genres', 'fetched_at', 'purged_at'), name='movies_by_weighted_average'),
    models.Index(fields=['sort_title'], name='movie_title_beginning', opclasses=['varchar_pattern_ops']),
]
REPLACED = [
    'movie_popularity',
    'movie_popularity_up',
    'movie_vote_count',
    'movie_vote_count_up',
    'movie_vote_average',
    'movie_vote_average_up',
    'movie_release',
    'movie_release_up',
    'movie_runtime',
    'movie_runtime_up',
    'movie_weighted_average',
    'movie_sort_title',
]


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently within a transaction

    dependencies = [
        ('catalog', '0005_title_words'),
    ]

    operations = [
        *(step for index in INDEXES for step in built(index)),
        # An index answers alone only for pages of the table that were vacuumed since
        # they changed: not when a fifth of all films has, but a fiftieth.
        migrations.RunSQL(
            'ALTER TABLE catalog_movie SET (autovacuum_vacuum_scale_factor = 0.02,'
            ' autovacuum_vacuum_insert_scale_factor = 0.02,'
            ' autovacuum_analyze_scale_factor = 0.02)',
            'ALTER TABLE catalog_movie RESET (autovacuum_vacuum_scale_factor,'
            ' autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor)',
        ),
        *(RemoveIndexConcurrently(model_name='movie', name=name) for name in REPLACED),
    ]
