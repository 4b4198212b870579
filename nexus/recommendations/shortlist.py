"""Which films are recommended: all of a usual catalogue, the best known of a large one.

Each of the two orderings has an index that holds all that is asked for here, so that
the price is that of the films listed, however many others there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
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
    """The films that are listed.

    bounds: a listed film passes one of them; by default any film does. Where not all
            that are shown are listed, only films with votes, or popular ones, are.
    """

    ids: frozenset[int] = frozenset()
    bounds: tuple[Q, ...] = (Q(),)

    @property
    def is_full(self) -> bool:
        """Say whether there are films beyond it."""
        return self.bounds != (Q(),)

    def among(self, films: QuerySet[Movie]) -> Iterator[int]:
        """Ask for the ids of those films that are listed, without reading the others.

        A film that came or went meanwhile may be there or not.
        """
        for bound in self.bounds:
            yield from films.filter(bound).order_by().values_list("id", flat=True)


def read_shortlist(*, now: datetime) -> Shortlist:
    """Return all films, or of very many those with most votes and the most popular."""
    films = Movie.objects.filter(shown(now))
    by_votes = films.order_by(*order_by(f"-{BY_VOTES}"))
    ids = by_votes.values_list("id", flat=True)[: RECOMMENDED_FILMS + 1]
    if len(ids) <= RECOMMENDED_FILMS:
        return Shortlist(frozenset(ids))
    found = (
        first_of(films, BY_VOTES, RECOMMENDED_FILMS - RISING_FILMS),
        first_of(films, BY_POPULARITY, RISING_FILMS),
    )
    bounds = (one.bounds for one in found)
    return Shortlist(found[0].ids | found[1].ids, tuple(chain(*bounds)))


def first_of(films: QuerySet[Movie], field: str, count: int) -> Shortlist:
    """Return the films that are highest in the field, of those that have it."""
    known = films.filter((f"{field}__isnull", False)).order_by(*order_by(f"-{field}"))
    listed = list(known.values_list("id", field)[:count])
    if not listed:
        return Shortlist(bounds=())
    least = Q((f"{field}__gte", listed[-1][1]))
    return Shortlist(frozenset(id_ for id_, _ in listed), (least,))


def changed(shortlist: Shortlist, since: datetime) -> set[int]:
    """Return the films that changed since then.

    So do those that still carry a person's older id, which may be out of use.
    """
    newer = shortlist.among(Movie.objects.filter(updated_at__gte=since))
    outdated = Credit.objects.filter(person__replaced_by__isnull=False)
    return {*newer, *outdated.values_list("movie", flat=True)} & shortlist.ids
