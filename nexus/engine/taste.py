"""What one member has said: ids at the border, rows inside."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.catalogue import Catalogue

LEAST_STARS = 0.5
MOST_STARS = 5.0


@dataclass(frozen=True, slots=True)
class Taste:
    """One member's ratings, declared preferences and viewing history.

    rated:   film id -> stars, 0.5..5 (ValueError otherwise; NaN is refused too)
    genres, people, movies: declared as liked; a declared film that is also rated
             counts as rated
    watched: seen without a rating; it moves no score, it is for leaving out of lists
    """

    rated: Mapping[int, float] = field(default_factory=dict)
    genres: Collection[int] = ()
    people: Collection[int] = ()
    movies: Collection[int] = ()
    watched: Collection[int] = ()

    def __post_init__(self) -> None:
        for film_id, stars in self.rated.items():
            if not LEAST_STARS <= stars <= MOST_STARS:  # nor is NaN
                raise ValueError(f"film {film_id}: {stars} stars, must be 0.5..5")

    @property
    def seen(self) -> frozenset[int]:
        """Rated or watched: what a list of recommendations leaves out."""
        return frozenset(self.rated) | frozenset(self.watched)


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a taste that this catalogue can place; rows ascending.

    rated int64[r] with stars float64[r]; liked int64[l]: declared and not rated.
    """

    rated: Ints
    stars: Floats
    liked: Ints
    genres: tuple[int, ...]
    people: tuple[int, ...]


def place(catalogue: Catalogue, taste: Taste) -> Known:
    """Find the member's films among the catalogue's rows; unknown ones are ignored."""
    rated = catalogue.known_rows(taste.rated)
    stars = [taste.rated[film_id] for film_id in catalogue.ids[rated].tolist()]
    liked = catalogue.known_rows(set(taste.movies) - set(taste.rated))
    return Known(
        rated=rated,
        stars=np.array(stars, dtype=np.float64),
        liked=liked,
        genres=tuple(sorted(set(taste.genres))),
        people=tuple(sorted(set(taste.people))),
    )
