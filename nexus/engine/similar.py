"""Similar titles by content alone, with what each shares with the film asked about."""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import check_count
from nexus.engine.catalogue import Catalogue
from nexus.engine.content import similarity_lines
from nexus.engine.features import Field
from nexus.engine.ranking import top_n


@dataclass(frozen=True, slots=True)
class SimilarFilm:
    """A neighbour: similarity 0..1 and the ids of what both have, strongest first."""

    id: int
    similarity: float
    genres: tuple[int, ...]
    keywords: tuple[int, ...]
    cast: tuple[int, ...]
    directors: tuple[int, ...]


def similar(catalogue: Catalogue, film_id: int, limit: int) -> tuple[SimilarFilm, ...]:
    """Return at most `limit` films by falling content(i, j), ties by ascending id.

    Only films that share something are named: a film of which nothing is known has
    no neighbours. ValueError if the film is not in the catalogue.
    """
    check_count("limit", limit)
    row = int(catalogue.rows_of([film_id])[0])
    (line,) = similarity_lines(catalogue.content, np.array([row]))
    line[row] = 0.0
    alike = np.where(line > 0, line, np.nan)
    found = catalogue.rows_of(top_n(catalogue.ids, alike, limit))
    return tuple(_neighbour(catalogue, row, int(i), float(alike[i])) for i in found)


def _neighbour(catalogue: Catalogue, row: int, other: int, alike: float) -> SimilarFilm:
    return SimilarFilm(
        id=int(catalogue.ids[other]),
        similarity=alike,
        genres=_shared(catalogue.genres, row, other),
        keywords=_shared(catalogue.keywords, row, other),
        cast=_shared(catalogue.cast, row, other),
        directors=_shared(catalogue.directors, row, other),
    )


def _shared(field: Field, row: int, other: int) -> tuple[int, ...]:
    mine, theirs = field.weights_of(row), field.weights_of(other)
    both = mine.keys() & theirs.keys()
    return tuple(sorted(both, key=lambda i: (-mine[i] * theirs[i], i)))
