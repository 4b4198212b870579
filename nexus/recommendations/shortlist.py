"""Which films are recommended: all of a usual catalogue, the best known of a large one.

Each of the two orderings has an index that holds all that is asked for here, so that
the price is that of the films listed, however many others there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from nexus.catalog.expiry import shown
from nexus.catalog.models import Credit, Movie
from nexus.catalog.queries import order_by

RECOMMENDED_FILMS = 25_000
# Of these: new films, of which people talk, and on which few have voted yet.
RISING_FILMS = 1_000
BY_VOTES: Final = "vote_count"
BY_POPULARITY: Final = "popularity"


@dataclass(frozen=True, slots=True)
class Shortlist:
    """bounds: each film passes one of them; none: these are all that are shown."""

    ids: frozenset[int] = frozenset()
    bounds: tuple[Q, ...] = ()

    @property
    def is_full(self) -> bool:
        """Say whether there are films beyond it."""
        return bool(self.bounds)

    def among(self, films: QuerySet[Movie]) -> Iterator[int]:
        """Ask for the ids of those films that are listed, without reading the others.

        A film that came or went meanwhile may be there or not.
        """
        for bound in self.bounds or (Q(),):
            yield from films.filter(bound).order_by().values_list("id", flat=True)


def read_shortlist(*, now: datetime) -> Shortlist:
    """Return the films with the most votes, and of those beyond the most popular."""
    voted = first_of(BY_VOTES, RECOMMENDED_FILMS + 1, now=now)
    if len(voted) <= RECOMMENDED_FILMS:
        return Shortlist(frozenset(id_ for id_, _ in voted))
    voted = voted[: RECOMMENDED_FILMS - RISING_FILMS]
    rising = first_of(BY_POPULARITY, RISING_FILMS, now=now)
    ids = frozenset(id_ for id_, _ in [*voted, *rising])
    return Shortlist(ids, (bound(BY_VOTES, voted), bound(BY_POPULARITY, rising)))


def first_of(
    field: str, count: int, *, now: datetime
) -> list[tuple[int, float | None]]:
    films = Movie.objects.filter(shown(now)).order_by(*order_by(f"-{field}"))
    return list(films.values_list("id", field)[:count])


def bound(field: str, listed: list[tuple[int, float | None]]) -> Q:
    """Match what is as high as the last one, which is nothing where that is unknown."""
    least = listed[-1][1] if listed else None
    return Q() if least is None else Q((f"{field}__gte", least))


def changed(shortlist: Shortlist, since: datetime) -> set[int]:
    """Return the films that changed since then.

    So do those that still carry a person's older id, which may be out of use.
    """
    newer = shortlist.among(Movie.objects.filter(updated_at__gte=since))
    outdated = Credit.objects.filter(person__replaced_by__isnull=False)
    return {*newer, *outdated.values_list("movie", flat=True)} & shortlist.ids
