"""The films as arrays: built once from plain facts, frozen, read by every formula."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ids, Ints, as_ids, freeze
from nexus.engine.content import Content, build_content
from nexus.engine.features import Field, build_field
from nexus.engine.neighbours import NearLines
from nexus.engine.quality import (
    bayesian_average,
    known_in_order,
    percentiles,
    prior_average,
)

CAST_USED = 5


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What is known of one film, as plain values.

    year, vote_average (0..10) and popularity (>= 0) are None when unknown; a
    vote_average of no votes is ignored. Feature ids are distinct per kind only: genre 5
    is not keyword 5, but a person has one id as actor and as director. Of the cast
    the first five are used, in billing order; a repeated id counts once.
    """

    id: int
    year: int | None = None
    genres: tuple[int, ...] = ()
    keywords: tuple[int, ...] = ()
    cast: tuple[int, ...] = ()
    directors: tuple[int, ...] = ()
    vote_average: float | None = None
    vote_count: int = 0
    popularity: float | None = None

    def __post_init__(self) -> None:
        if self.vote_average is not None and not 0 <= self.vote_average <= 10:
            raise ValueError(f"film {self.id}: vote_average not in 0..10")
        if self.vote_count < 0:
            raise ValueError(f"film {self.id}: vote_count is negative")
        if self.popularity is not None and not 0 <= self.popularity < math.inf:
            raise ValueError(f"film {self.id}: popularity not in 0..infinity")

    @property
    def billed(self) -> tuple[int, ...]:
        """The part of the cast that is used."""
        return tuple(dict.fromkeys(self.cast))[:CAST_USED]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All films, one row each, in ascending order of id.

    ids:           int64[n]
    years:         float64[n], NaN = unknown
    genres ...:    TF-IDF rows of each kind of feature
    content:       the same, laid out for comparing films
    votes:         float64[n], number of votes
    quality:       float64[n], Bayesian average of the votes, 0..10
    usual_quality: what quality is for a film without votes
    popularity:    float64[n], percentile 0..1, 0.5 = unknown
    known_as:      float64[m], ascending: what popularity is a percentile of
    near:          what was found out of these films meanwhile; changes no answer
    """

    ids: Ints
    years: Floats
    genres: Field
    keywords: Field
    cast: Field
    directors: Field
    content: Content
    votes: Floats
    quality: Floats
    usual_quality: float
    popularity: Floats
    known_as: Floats
    near: NearLines = field(default_factory=NearLines, compare=False, repr=False)

    def __len__(self) -> int:
        return self.ids.size

    @property
    def fields(self) -> tuple[Field, Field, Field, Field]:
        return self.genres, self.keywords, self.cast, self.directors

    def lay_out(self) -> None:
        """Do now what the first to compare a film with all others would wait for."""
        for one in self.fields:
            _ = one.films
        _ = self.content.rest_films

    def rows_of(self, film_ids: Ids) -> Ints:
        """Rows of the films, in the order given; ValueError names unknown ones."""
        wanted = as_ids(film_ids)
        rows, known = self._look_up(wanted)
        if not known.all():
            missing = ", ".join(map(str, wanted[~known][:5]))
            raise ValueError(f"not in the catalogue: {missing}")
        return rows

    def known_rows(self, film_ids: Iterable[int]) -> Ints:
        """Rows of those of the films that are here, ascending."""
        rows, known = self._look_up(as_ids(sorted(film_ids)))
        return rows[known]

    def _look_up(self, wanted: Ints) -> tuple[Ints, Bools]:
        if not self.ids.size:
            return np.zeros(wanted.size, np.int64), np.zeros(wanted.size, np.bool_)
        rows = np.minimum(np.searchsorted(self.ids, wanted), self.ids.size - 1)
        return rows, self.ids[rows] == wanted


def build_catalogue(
    films: Sequence[FilmFacts], *, weighed_as: Catalogue | None = None
) -> Catalogue:
    """Turn facts into arrays; the order of the films and of their genres is lost.

    An empty catalogue is allowed. ValueError if two films have the same id. weighed_as:
    a larger catalogue, whose word it is how rare a feature is, how good a film usually
    is and how well known: of a film, and of two, this says the same as that one would.
    """
    ids = np.sort(as_ids(film.id for film in films))
    films = sorted(films, key=lambda film: film.id)
    years = freeze(_numbers([film.year for film in films]))
    fields = _fields(films, weighed_as)
    votes = np.array([_votes(film) for film in films], dtype=np.float64)
    averages = _numbers([film.vote_average for film in films])
    popularity = _numbers([film.popularity for film in films])
    if weighed_as is None:
        usual = prior_average(averages, votes)
        known_as = freeze(known_in_order(popularity))
    else:
        usual, known_as = weighed_as.usual_quality, weighed_as.known_as
    found = Catalogue(
        freeze(ids),
        years,
        *fields,
        content=build_content(fields, years),
        votes=freeze(votes),
        quality=freeze(bayesian_average(averages, votes, usual)),
        usual_quality=usual,
        popularity=freeze(percentiles(popularity, known_as)),
        known_as=known_as,
    )
    if weighed_as is None:
        found.lay_out()
    return found


def _fields(
    films: Sequence[FilmFacts], weighed_as: Catalogue | None
) -> tuple[Field, Field, Field, Field]:
    genres, keywords, cast, directors = (
        weighed_as.fields if weighed_as is not None else (None, None, None, None)
    )
    return (
        build_field([film.genres for film in films], genres),
        build_field([film.keywords for film in films], keywords),
        build_field([film.billed for film in films], cast),
        build_field([film.directors for film in films], directors),
    )


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if v is None else v for v in values], dtype=np.float64)


def _votes(film: FilmFacts) -> int:
    return 0 if film.vote_average is None else film.vote_count
