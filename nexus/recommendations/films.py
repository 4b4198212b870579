"""The engine's picture of the catalogue, kept in the process and brought up to date."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce

from nexus import engine
from nexus.catalog.expiry import shown
from nexus.catalog.models import Credit, CreditKind, Movie

# Transactions may commit later than they set updated_at; so much is looked at again.
OVERLAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the latest changes look like: equal as long as there is no other."""

    changed_at: datetime | None
    total: int
    shown: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts of all films by id, the arrays built from them, and when that was.

    `stamp` is of the changes after `since`; None: look again.
    """

    facts: Mapping[int, engine.FilmFacts]
    catalogue: engine.Catalogue
    since: datetime | None
    stamp: Stamp | None

    def has(self, film_id: int | None) -> bool:
        return film_id is None or film_id in self.facts


NOTHING = Picture({}, engine.build_catalogue([]), None, None)


class FilmStore:
    """Holds the newest picture; reads only what changed since it was drawn.

    Callers during a redraw get the older picture, unless that lacks the film they need.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.picture = NOTHING

    def current(
        self, *, now: datetime, with_film: int | None = None
    ) -> engine.Catalogue:
        """Return the arrays; they lack `with_film` only where no such film is shown.

        They may hold a film that is gone, or too old to be shown, since they were made.
        """
        picture = self.picture
        if is_current(picture, with_film):
            return picture.catalogue
        must_wait = not picture.facts or not picture.has(with_film)
        if self.lock.acquire(blocking=must_wait):
            try:
                if not is_current(self.picture, with_film):
                    self.picture = redraw(self.picture, now=now)
            finally:
                self.lock.release()
        return self.picture.catalogue

    def doubt(self) -> None:
        """Look again at the next call: a film turned out to be gone."""
        self.picture = replace(self.picture, stamp=None)


STORE = FilmStore()


def is_current(picture: Picture, with_film: int | None) -> bool:
    return picture.has(with_film) and picture.stamp == stamp_after(picture.since)


def stamp_after(since: datetime | None) -> Stamp:
    films = Movie.objects.all()
    if since is not None:
        films = films.filter(updated_at__gte=since)
    is_shown = Q(removed_at=None)
    return Stamp(
        **films.aggregate(
            changed_at=Max("updated_at"),
            total=Count("id"),
            shown=Count("id", filter=is_shown),
        )
    )


def redraw(old: Picture, *, now: datetime) -> Picture:
    """Read what changed; the stamp is taken first, so that later changes are seen."""
    newest = Movie.objects.aggregate(at=Max("updated_at"))["at"]
    since = newest and newest - OVERLAP
    stamp = stamp_after(since)
    films = Movie.objects.filter(shown(now))
    ids = set(films.values_list("id", flat=True))
    known = {**old.facts, **read_facts(changed(films, old.since))}
    if missing := ids - known.keys():
        known |= read_facts(films.filter(id__in=missing))
    facts = {id_: known[id_] for id_ in ids & known.keys()}
    catalogue = engine.build_catalogue(list(facts.values()))
    return Picture(facts, catalogue, since, stamp)


def changed(films: QuerySet[Movie], since: datetime | None) -> QuerySet[Movie]:
    """Include films that still carry a person's older id: it may be out of use."""
    if since is None:
        return films
    outdated = Credit.objects.exclude(person__replaced_by=None)
    return films.filter(Q(updated_at__gte=since) | Q(id__in=outdated.values("movie")))


def read_facts(films: QuerySet[Movie]) -> dict[int, engine.FilmFacts]:
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
