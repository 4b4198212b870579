"""What the engine is told of films, read from the catalogue."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from nexus import engine
from nexus.catalog.expiry import shown
from nexus.catalog.models import Credit, CreditKind, Movie

AT_ONCE: Final = 1_000

FactsById = dict[int, engine.FilmFacts]


def facts_of(movie_ids: Iterable[int], *, now: datetime) -> FactsById:
    """Read those of the films that are shown, some at a time."""
    ids, found = sorted(movie_ids), FactsById()
    for start in range(0, len(ids), AT_ONCE):
        some = Movie.objects.filter(id__in=ids[start : start + AT_ONCE])
        found |= read_facts(some.filter(shown(now)))
    return found


def read_facts(films: QuerySet[Movie]) -> FactsById:
    """Read the films in three queries."""
    people = people_by_film(films)
    keywords = keywords_by_film(films)
    rows = films.values_list("id", "year", "genres", "vote_average", "vote_count")
    return {
        id_: engine.FilmFacts(
            id=id_,
            year=year,
            genres=tuple(genres),
            keywords=tuple(keywords[id_]),
            cast=tuple(people[id_, CreditKind.CAST]),
            directors=tuple(people[id_, CreditKind.DIRECTOR]),
            vote_average=average,
            vote_count=votes or 0,
            # TMDb's own figure is of this week, and lacking for most films.
            popularity=votes,
        )
        for id_, year, genres, average, votes in rows.iterator()
    }


def people_by_film(films: QuerySet[Movie]) -> dict[tuple[int, str], list[int]]:
    rows = Credit.objects.filter(movie__in=films, position__lt=5)
    ordered: Iterable[tuple[int, str, int]] = (
        rows.annotate(real_id=Coalesce("person__replaced_by", "person"))
        .order_by("position", "id")
        .values_list("movie_id", "kind", "real_id")
    )
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for movie_id, kind, person_id in ordered:
        found[movie_id, kind].append(person_id)
    return found


def keywords_by_film(films: QuerySet[Movie]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for movie_id, keyword_id in films.values_list("id", "keywords"):
        if keyword_id is not None:
            found[movie_id].append(keyword_id)
    return found
