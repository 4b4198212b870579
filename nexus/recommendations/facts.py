"""What the engine is told of films, read from the catalogue."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Coalesce

from nexus import engine
from nexus.catalog.expiry import shown
from nexus.catalog.models import Credit, CreditKind, Movie

AT_ONCE: Final = 1_000
FACTS: Final = (
    "id",
    "year",
    "genres",
    "vote_average",
    "vote_count",
    "keyword_ids",
    "cast_ids",
    "director_ids",
)

FactsById = dict[int, engine.FilmFacts]


def facts_of(movie_ids: Iterable[int], *, now: datetime) -> FactsById:
    """Read those of the films that are shown, some at a time."""
    ids, found = sorted(movie_ids), FactsById()
    for start in range(0, len(ids), AT_ONCE):
        some = Movie.objects.filter(id__in=ids[start : start + AT_ONCE])
        found |= read_facts(some.filter(shown(now)))
    return found


def read_facts(films: QuerySet[Movie]) -> FactsById:
    """Read the films in one query, with what belongs to each as arrays."""
    keywords = Movie.keywords.through.objects.filter(movie=OuterRef("pk"))
    told = films.annotate(
        keyword_ids=ArraySubquery(keywords.values("keyword")),
        cast_ids=people_of_film(CreditKind.CAST),
        director_ids=people_of_film(CreditKind.DIRECTOR),
    )
    rows = told.values_list(*FACTS).iterator()
    return {
        id_: engine.FilmFacts(
            id=id_,
            year=year,
            genres=tuple(genres),
            keywords=tuple(keywords),
            cast=tuple(cast),
            directors=tuple(directors),
            vote_average=average,
            vote_count=votes or 0,
            # TMDb's own figure is of this week, and lacking for most films.
            popularity=votes,
        )
        for id_, year, genres, average, votes, keywords, cast, directors in rows
    }


def people_of_film(kind: CreditKind) -> ArraySubquery:
    """Return the first of them in order; an older id stands for the real person's."""
    billed = Credit.objects.filter(movie=OuterRef("pk"), kind=kind, position__lt=5)
    real = billed.annotate(real_id=Coalesce("person__replaced_by", "person"))
    return ArraySubquery(real.order_by("position", "id").values("real_id"))
