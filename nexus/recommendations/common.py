"""Who is in two films: told beside a reason, and no part of any score."""

from collections.abc import Iterable
from dataclasses import dataclass

from nexus import engine


@dataclass(frozen=True, slots=True)
class Common:
    """A person of both films: directed both, or plays a leading part in both."""

    id: int
    directed: bool


def in_common(
    catalogue: engine.Catalogue, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Common]:
    """Return one person for each pair of films, where there is any.

    Directors come before actors; of several, who is in the most films, then the lower
    id.
    """
    pairs = list(pairs)
    rows = rows_by_id(catalogue, {id_ for pair in pairs for id_ in pair})
    found = {}
    for one, other in pairs:
        if one in rows and other in rows:
            person = find_common(catalogue, rows[one], rows[other])
            if person is not None:
                found[one, other] = person
    return found


def rows_by_id(catalogue: engine.Catalogue, ids: Iterable[int]) -> dict[int, int]:
    rows = catalogue.known_rows(ids)
    return dict(zip(catalogue.ids[rows].tolist(), rows.tolist(), strict=True))


def find_common(catalogue: engine.Catalogue, one: int, other: int) -> Common | None:
    for field, directed in ((catalogue.directors, True), (catalogue.cast, False)):
        weights = field.weights_of(one)
        both = weights.keys() & field.weights_of(other).keys()
        if both:
            # The weight falls with the number of films that somebody is in.
            return Common(min(both, key=lambda id_: (weights[id_], id_)), directed)
    return None
