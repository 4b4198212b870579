"""How alike two films are by what they are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nexus.engine.arrays import Bools, Floats, Ints, Sparse, freeze
from nexus.engine.features import Field
from nexus.engine.sparse import csr_from, inner_products

WEIGHTS = (0.30, 0.35, 0.15, 0.20)  # genres, keywords, cast, directors
MISSING = 0.8
YEARS_APART = 20.0
UNKNOWN_YEAR = 0.85
MANY = 1_000  # of fewer films, to look for equal rows takes longer than it saves
BLOCK = 64


@dataclass(frozen=True)
class Content:
    """The features of all films, laid out for comparing one with very many.

    Thousands of films share their genres, or their year and which fields are known of
    them; anything else is shared by dozens. So of many each distinct row of genres and
    each distinct pair (year, fields known) is compared once, and the rest sparsely.
    """

    genres: Sparse  # [distinct, genres]
    genres_of: Ints  # [films]
    years: Floats  # [distinct], NaN = unknown
    known: Bools  # [distinct, 4]
    facts_of: Ints  # [films], into years and known
    rest: Sparse  # [films, keywords + cast + directors], times the roots of the weights

    @cached_property
    def rest_films(self) -> Sparse:
        """Its transpose."""
        return self.rest.T.tocsr()


def build_content(fields: Sequence[Field], years: Floats) -> Content:
    """Lay out genres, keywords, cast and directors (in this order) with the years."""
    genres, genres_of = _distinct_rows(fields[0].rows)
    facts = np.column_stack([field.has() for field in fields] + [_filled(years)])
    distinct, facts_of = _distinct(facts)
    return Content(
        genres=genres,
        genres_of=freeze(genres_of),
        years=freeze(np.where(distinct[:, 4] == np.inf, np.nan, distinct[:, 4])),
        known=freeze(distinct[:, :4] > 0),
        facts_of=freeze(facts_of),
        rest=_side_by_side([field.rows for field in fields[1:]]),
    )


def in_columns_of(
    content: Content, fields: Sequence[Field], others: Sequence[Field]
) -> Content:
    """Return the content of some films in the columns of larger fields.

    Theirs begin with the same columns: what only they have is left out, so that each
    can be compared with the films of the larger fields, and not with one another.
    """
    widths = [field.ids.size for field in others]
    rows = [field.rows[:, :n] for field, n in zip(fields, widths, strict=True)]
    genres = content.genres[:, : widths[0]]
    return replace(content, genres=genres, rest=_side_by_side(rows[1:]))


def _side_by_side(parts: Sequence[Sparse]) -> Sparse:
    """Return all in one, each times the root of its weight."""
    sizes = [np.diff(rows.indptr) for rows in parts]
    starts = np.cumsum([0, *(rows.shape[1] for rows in parts)])
    owners = np.concatenate([np.repeat(np.arange(one.size), one) for one in sizes])
    by_owner = np.argsort(owners, kind="stable")
    each = list(zip(parts, WEIGHTS[1:], starts.tolist(), strict=False))
    values = np.concatenate([rows.data * weight**0.5 for rows, weight, _ in each])
    columns = np.concatenate([rows.indices + start for rows, _, start in each])
    total = np.sum(sizes, axis=0)
    return csr_from(values[by_owner], columns[by_owner], total, int(starts[-1]))


def _filled(years: Floats) -> Floats:
    # np.unique over rows takes every NaN for a new value.
    return np.where(np.isnan(years), np.inf, years)


def _distinct(rows: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Return the distinct rows and which of them each is; few are taken as they are."""
    if len(rows) < MANY:
        return rows, np.arange(len(rows))
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    return distinct, which.ravel()


def _distinct_rows(matrix: Sparse) -> tuple[Sparse, Ints]:
    if matrix.shape[0] < MANY:
        return matrix, np.arange(matrix.shape[0])
    sizes = np.diff(matrix.indptr)
    columns = np.full((matrix.shape[0], sizes.max(initial=0) + 1), -1)
    places = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], sizes)
    columns[np.repeat(np.arange(sizes.size), sizes), places] = matrix.indices
    _, firsts, which = np.unique(
        columns, axis=0, return_index=True, return_inverse=True
    )
    return matrix[firsts], which.ravel()


def year_factor(year: float | Floats, others: Floats) -> Floats:
    """.7 + .3 exp(-|years apart| / 20), in .7..1; .85 where a year is unknown (NaN)."""
    factor = 0.7 + 0.3 * np.exp(-np.abs(others - year) / YEARS_APART)
    return np.where(np.isnan(factor), UNKNOWN_YEAR, factor)


def coverage(known: Bools, others: Bools) -> Floats:
    """Sum of the field weights in .8..1: a field one of the two lacks counts .8.

    known is bool[4] (or bool[m, 4], for m lines), others bool[n, 4]. Dividing by it
    keeps the formula as it is for two films of which all is known and takes an unknown
    field for about as alike as such fields usually are. Leaving it out altogether would
    make two films of which only the genres are known more alike than any two films that
    are known well.
    """
    # Column by column: a matrix product may round differently from shape to shape.
    total = np.zeros((*known.shape[:-1], len(others)))
    for i, weight in enumerate(WEIGHTS):
        both = known[..., i, np.newaxis] & others[:, i]
        total += np.where(both, weight, MISSING * weight)
    return total


def similarities(content: Content, rows: Ints, others: Ints) -> Floats:
    """content(i, j) as float64[rows, others], each in 0..1.

    (.30 genres + .35 keywords + .15 cast + .20 directors) / coverage * year factor,
    each term the cosine of two TF-IDF rows, 0 where one of them is empty. Symmetric
    bit for bit, so that a score and its explanation rest on the same numbers.
    """
    if not rows.size or not others.size:
        return np.zeros((rows.size, others.size))
    mine, theirs = content.genres_of[rows], content.genres_of[others]
    found = inner_products(content.genres, mine, theirs)
    found *= WEIGHTS[0]
    found += inner_products(content.rest, rows, others)
    found *= _factors_between(content, content.facts_of[rows], content.facts_of[others])
    return np.minimum(found, 1.0, out=found)


def _factors_between(content: Content, facts: Ints, others: Ints) -> Floats:
    """Year factor / coverage of each pair of (year, fields known)."""
    if facts.size == 1:  # what is distinct would take longer to find
        return _apart(content, facts, content, others)
    distinct, place = np.unique(facts, return_inverse=True)
    factors, places = _factors(content, distinct, content, others)
    return factors[np.ix_(place, places)]


def similarity_lines(
    content: Content, rows: Ints, others: Content | None = None
) -> Iterator[Floats]:
    """Yield `similarities` to all films a row at a time, to stay in the cache.

    others: the films to compare with, of the same columns; by default its own.
    """
    others = others or content
    all_genres = others.genres.T.tocsr()
    facts, places = np.unique(content.facts_of[rows], return_inverse=True)
    factors, facts_of = _factors(content, facts, others, others.facts_of)
    for start in range(0, rows.size, BLOCK):
        part = rows[start : start + BLOCK]
        product = content.genres[content.genres_of[part]] @ all_genres
        genres = (product * WEIGHTS[0]).toarray()
        rest = content.rest[part] @ others.rest_films
        for at, place in enumerate(places[start : start + BLOCK].tolist()):
            line = genres[at].take(others.genres_of)
            first, last = rest.indptr[at : at + 2]
            line[rest.indices[first:last]] += rest.data[first:last]
            line *= factors[place].take(facts_of)
            yield np.minimum(line, 1.0, out=line)


def _factors(
    content: Content, facts: Ints, others: Content, facts_of: Ints
) -> tuple[Floats, Ints]:
    """Year factor / coverage of each pair (year, fields known) against others.

    Returns float64[facts, distinct others], and the places of `facts_of` in it.
    """
    if facts_of is others.facts_of:
        distinct, places = np.arange(others.years.size), facts_of
    else:
        distinct, places = np.unique(facts_of, return_inverse=True)
    return _apart(content, facts, others, distinct), places


def _apart(content: Content, facts: Ints, others: Content, theirs: Ints) -> Floats:
    factor = year_factor(content.years[facts, np.newaxis], others.years[theirs])
    return factor / coverage(content.known[facts], others.known[theirs])
