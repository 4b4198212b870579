"""The engine's picture of the catalogue, kept in the process and brought up to date."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet

from nexus import engine
from nexus.catalog.models import Credit, CreditKind, Movie

# Transactions may commit later than they set updated_at; so much is read again.
OVERLAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    changed_at: datetime | None
    count: int


NO_STAMP = Stamp(None, 0)


class FilmStore:
    """Facts of all films by id, and the arrays built from them.

    Reads only what changed since the last look. Callers during a rebuild get the older
    arrays, unless they need a film that those lack.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.stamp = NO_STAMP
        self.facts: dict[int, engine.FilmFacts] = {}
        self.catalogue = engine.build_catalogue([])

    def current(self, *, with_film: int | None = None) -> engine.Catalogue:
        stamp = stamp_of_database()
        if stamp == self.stamp:
            return self.catalogue
        must_wait = not self.facts or (
            with_film is not None and with_film not in self.facts
        )
        if self.lock.acquire(blocking=must_wait):
            try:
                self.update(stamp)
            finally:
                self.lock.release()
        return self.catalogue

    def update(self, stamp: Stamp) -> None:
        if stamp == self.stamp:
            return
        facts = self.facts | read_facts(changed_films(self.stamp.changed_at))
        if len(facts) != stamp.count:
            facts = read_facts(shown_films())
        self.catalogue = engine.build_catalogue(list(facts.values()))
        self.facts, self.stamp = facts, stamp


STORE = FilmStore()


def shown_films() -> QuerySet[Movie]:
    return Movie.objects.filter(removed_at=None)


def changed_films(since: datetime | None) -> QuerySet[Movie]:
    films = shown_films()
    return films if since is None else films.filter(updated_at__gte=since - OVERLAP)


def stamp_of_database() -> Stamp:
    found = shown_films().aggregate(changed_at=Max("updated_at"), count=Count("id"))
    return Stamp(found["changed_at"], found["count"])


def read_facts(films: QuerySet[Movie]) -> dict[int, engine.FilmFacts]:
    """Read the films in three queries."""
    people = people_by_film(films)
    keywords = keywords_by_film(films)
    rows = films.values_list(
        "id", "year", "genres", "vote_average", "vote_count", "popularity"
    )
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
            popularity=popularity,
        )
        for id_, year, genres, average, votes, popularity in rows.iterator()
    }


def people_by_film(films: QuerySet[Movie]) -> dict[tuple[int, str], list[int]]:
    rows = Credit.objects.filter(movie__in=films, position__lt=5)
    ordered: Iterable[tuple[int, str, int]] = rows.order_by(
        "position", "id"
    ).values_list("movie_id", "kind", "person_id")
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for movie_id, kind, person_id in ordered:
        found[movie_id, kind].append(person_id)
    return found


def keywords_by_film(films: QuerySet[Movie]) -> dict[int, list[int]]:
    link = Movie.keywords.through
    rows = link._default_manager.filter(movie_id__in=films.values("id"))
    found: defaultdict[int, list[int]] = defaultdict(list)
    for movie_id, keyword_id in rows.values_list("movie_id", "keyword_id"):
        found[movie_id].append(keyword_id)
    return found
