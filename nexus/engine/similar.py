"""Similar titles by content, and by who picks both, with what each shares.

alike(i, j) = w * picked + (1 - w) * content(i, j),   w = n / (n + 100)

n is the ratings of the less rated of the two films; below 5 it is content alone.
`picked` puts what a trained model says of j to whom it knows by i alone on the scale of
content: the film it names k-th counts as the k-th most similar by content does, and one
it speaks against as nothing. Where no film shares anything, they count in proportion.
"""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ints, check_count
from nexus.engine.catalogue import Catalogue
from nexus.engine.content import in_columns_of, similarity_lines

FEWEST = 5
HALF_WAY = 100  # of ten people the model knows less than of what a film is about


@dataclass(frozen=True, slots=True)
class SimilarFilm:
    """A neighbour: similarity 0..1 and the ids of what both have, strongest first.

    picked: who picks the film asked about picks this one more than others do
    """

    id: int
    similarity: float
    genres: tuple[int, ...]
    keywords: tuple[int, ...]
    cast: tuple[int, ...]
    directors: tuple[int, ...]
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Picks:
    """What a trained model says to whom it knows by one film alone.

    scores:  float64[n] in the order of the catalogue; above 0: picked, the higher the
             more
    ratings: int64[n], those of the less rated of the two films
    """

    scores: Floats
    ratings: Ints


def similar(
    catalogue: Catalogue,
    film_id: int,
    limit: int,
    picks: Picks | None = None,
    *,
    guests: Catalogue | None = None,
) -> tuple[SimilarFilm, ...]:
    """Return at most `limit` films, the most alike first; the order is total.

    Only films that share something, or are picked, are named: a film of which nothing
    is known has no neighbours. ValueError if the film is not in the catalogue. guests:
    films that the catalogue lacks, weighed as it weighs, one of which is asked about.
    """
    check_count("limit", limit)
    asked = Asked.among(catalogue if guests is None else guests, film_id)
    line = asked.line(catalogue)
    weight, told = weigh(picks, line, is_asked=catalogue.ids == film_id)
    alike = line + weight * (on_scale(told, line) - line)
    # Of films equally alike, the one that is picked more comes first, then by id.
    order = np.lexsort((catalogue.ids, -told, -alike))[:limit]
    return tuple(
        _neighbour(catalogue, asked, i, float(alike[i]), picked=bool(told[i] > 0))
        for i in order[alike[order] > 0].tolist()
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The film asked about, in its own catalogue."""

    home: Catalogue
    row: int

    @classmethod
    def among(cls, home: Catalogue, film_id: int) -> "Asked":
        return cls(home, int(home.rows_of([film_id])[0]))

    def line(self, catalogue: Catalogue) -> Floats:
        """How alike each film of the catalogue is; 0 for the film itself."""
        home, content = self.home, self.home.content
        if home is not catalogue:
            content = in_columns_of(content, home.fields, catalogue.fields)
        rows = np.array([self.row])
        (line,) = similarity_lines(content, rows, catalogue.content)
        if home is catalogue:
            line[self.row] = 0.0
        return line


def weigh(
    picks: Picks | None, content: Floats, *, is_asked: Bools
) -> tuple[Floats, Floats]:
    """w of all films, and the scores above 0 that count: float64[n] each."""
    if picks is None:
        return np.zeros(content.size), np.zeros(content.size)
    ratings = picks.ratings.astype(np.float64)
    weight = np.where(ratings >= FEWEST, ratings / (ratings + HALF_WAY), 0.0)
    weight[is_asked] = 0.0
    return weight, np.where(weight > 0, np.maximum(picks.scores, 0.0), 0.0)


def on_scale(told: Floats, content: Floats) -> Floats:
    """`picked`: float64[n], 0 where nothing is told."""
    if not content.any():
        return told / (told.max() or 1.0)
    listed = np.flatnonzero(told)
    best_first = listed[np.argsort(-told[listed], kind="stable")]
    found = np.zeros(content.size)
    found[best_first] = np.sort(content)[::-1][: best_first.size]
    return found


def _neighbour(
    catalogue: Catalogue, asked: Asked, other: int, alike: float, *, picked: bool
) -> SimilarFilm:
    shared = (
        _shared(mine.weights_of(asked.row), theirs.weights_of(other))
        for mine, theirs in zip(asked.home.fields, catalogue.fields, strict=True)
    )
    genres, keywords, cast, directors = shared
    return SimilarFilm(
        id=int(catalogue.ids[other]),
        similarity=alike,
        genres=genres,
        keywords=keywords,
        cast=cast,
        directors=directors,
        picked=picked,
    )


def _shared(mine: dict[int, float], theirs: dict[int, float]) -> tuple[int, ...]:
    both = mine.keys() & theirs.keys()
    return tuple(sorted(both, key=lambda i: (-mine[i] * theirs[i], i)))
