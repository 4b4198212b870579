"""What a member's ratings and declarations say about genres and people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from nexus.engine.arrays import Floats, Ints, Rows, Sparse
from nexus.engine.catalogue import Catalogue
from nexus.engine.features import Field
from nexus.engine.sparse import entries

GENRE_PRIOR = 5.0
DECLARED_GENRE = 0.25
DECLARED_PERSON = 0.3

Numbers = TypeVar("Numbers", float, Floats)


@dataclass(frozen=True, slots=True)
class GenreRatings:
    """The member's ratings by genre: float64[genres], in the order of the columns."""

    count: Floats
    total: Floats

    def plus(self, others: "GenreRatings") -> "GenreRatings":
        """Add those of others, of which only the first are genres of this field."""
        n = self.count.size
        return GenreRatings(
            self.count + others.count[:n], self.total + others.total[:n]
        )


def ratings_by_genre(genres: Field, rated: Ints, stars: Floats) -> GenreRatings:
    """Count and sum the stars of the rated rows in each of their genres."""
    there = entries(genres.rows, rated)
    columns, given = genres.rows.indices[there.places], stars[there.owners]
    count = np.bincount(columns, minlength=genres.ids.size)
    total = np.bincount(columns, weights=given, minlength=genres.ids.size)
    return GenreRatings(count.astype(np.float64), total.astype(np.float64))


def genre_deviation(
    ratings: GenreRatings, genres: Ints, mean: Floats, own: Floats
) -> Floats:
    """`shrunken_deviation`, one value per entry of `genres` (columns).

    `own` is the stars of the rating to leave out (the film's own), NaN if there is
    none; `mean` the member's mean without it.
    """
    left_out = ~np.isnan(own)
    count = ratings.count[genres] - left_out
    total = ratings.total[genres] - np.where(left_out, own, 0.0)
    return shrunken_deviation(count, total, mean)


def shrunken_deviation(
    count: Numbers, total: Numbers, mean: Numbers | float
) -> Numbers:
    """Mean deviation of a genre's ratings, in stars: sum(stars - mean) / (n + 5)."""
    return (total - mean * count) / (count + GENRE_PRIOR)


def mean_genre_deviation(
    genres: Sparse, rows: Ints, ratings: GenreRatings, mean: Floats, own: Floats
) -> Floats:
    """Mean of `genre_deviation` over each film's genres: float64[rows], 0 if none."""
    part = entries(genres, rows)
    of, columns = part.owners, genres.indices[part.places].astype(np.int64)
    each = genre_deviation(ratings, columns, mean[of], own[of])
    total = np.bincount(of, weights=each, minlength=rows.size)
    return total / np.maximum(part.sizes, 1)


def usual_genre_deviation(genres: Sparse, ratings: GenreRatings, mean: float) -> Floats:
    """`mean_genre_deviation` of unrated films, of every row: each genre has only one.

    mean: the member's.
    """
    each = shrunken_deviation(ratings.count, ratings.total, mean)
    sizes = np.diff(genres.indptr)
    of = np.repeat(np.arange(sizes.size), sizes)
    total = np.bincount(of, weights=each[genres.indices], minlength=sizes.size)
    return total / np.maximum(sizes, 1)


def declared_genre_hits(field: Field, rows: Rows, declared: Sequence[int]) -> Ints:
    """int64[rows]: how many of the declared genres the film has."""
    hits = np.zeros(field.rows.shape[0], dtype=np.int64)
    for genre in declared:
        hits[field.films_with(genre)] += 1
    return hits[rows]


def declared_genre_stars(hits: Ints, n_genres: Ints) -> Floats:
    """.25 stars * hits / sqrt(genres of the film): more of them and purer is better."""
    return DECLARED_GENRE * hits / np.sqrt(np.maximum(n_genres, 1))


def declared_person_hits(
    catalogue: Catalogue, rows: Rows, declared: Sequence[int]
) -> Ints:
    """int64[rows]: how many of the declared people direct or play; once per person."""
    hits = np.zeros(len(catalogue), dtype=np.int64)
    for person in declared:
        of_person = (
            catalogue.cast.films_with(person),
            catalogue.directors.films_with(person),
        )
        hits[np.union1d(*of_person)] += 1
    return hits[rows]


def declared_person_stars(hits: Ints) -> Floats:
    """.3 stars * sqrt(people): the second favourite adds less than the first."""
    return DECLARED_PERSON * np.sqrt(hits)
