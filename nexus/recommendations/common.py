"""Who is in two films: told beside a reason, and no part of any score."""

from collections.abc import Iterable
from dataclasses import dataclass

from nexus import engine
from nexus.recommendations.films import Films


@dataclass(frozen=True, slots=True)
class Common:
    """A person of both films: directed both, or plays a leading part in both."""

    id: int
    directed: bool


def in_common(
    films: Films, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Common]:
    """Return one person for each pair of films, where there is any.

    Directors come before actors; of several, who is in the most films, then the lower
    id.
    """
    found = {}
    for one, other in pairs:
        mine, theirs = films.facts_of(one), films.facts_of(other)
        if mine is not None and theirs is not None:
            person = find_common(films.catalogue, mine, theirs)
            if person is not None:
                found[one, other] = person
    return found


def find_common(
    catalogue: engine.Catalogue, one: engine.FilmFacts, other: engine.FilmFacts
) -> Common | None:
    for field, mine, theirs, directed in (
        (catalogue.directors, one.directors, other.directors, True),
        (catalogue.cast, one.billed, other.billed, False),
    ):
        both = set(mine).intersection(theirs)
        if both:
            first = min(both, key=lambda id_: (field.rarity_of(id_), id_))
            return Common(first, directed)
    return None
