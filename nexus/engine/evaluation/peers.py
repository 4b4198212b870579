"""Peers in a few lines each: popularity, item neighbours and SLIM.

These and those of `autoencoders` read likes alone, `X` float64[n_users, n_items] of 0
and 1 (4 stars or more), and answer for anybody from the row `x` of what they like, by
popularity if that is nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array

from nexus.engine.arrays import Floats, Ints, Sparse
from nexus.engine.learned.interactions import (
    Columns,
    History,
    Ratings,
    Table,
    Vocabulary,
    index,
    place,
)
from nexus.engine.learned.terms import LIKED_STARS


@dataclass(frozen=True, slots=True)
class LikesModel:
    """Scores all columns, float64[n_items], from the columns a person likes."""

    vocabulary: Vocabulary
    popularity: Floats
    score: Callable[[Columns], Floats]

    def rank(self, history: History, candidates: Ints) -> Floats:
        known = place(self.vocabulary, history)
        liked = known.columns[known.stars >= LIKED_STARS]
        scores = self.score(liked) if liked.size else self.popularity
        return at_candidates(self.vocabulary, scores, candidates)


@dataclass(frozen=True, slots=True)
class Popularity:
    """s_j = the number of people who like j: the same list for everybody."""

    name: str = "popularity"

    def fit(self, ratings: Ratings) -> LikesModel:
        table = index(ratings)
        counts = popularity(likes_matrix(table))
        return LikesModel(table.vocabulary, counts, lambda liked: counts)


@dataclass(frozen=True, slots=True)
class ItemNeighbours:
    """s_j = sum over liked i of w_ij, cosine shrunk, the k nearest i of each j.

    w_ij = (X'X)_ij / (|x_i| |x_j| + shrink), w_jj = 0 (Sarwar et al. 2001).
    """

    k: int = 100
    shrink: float = 10.0
    name: str = "item-kNN (cosine)"

    def fit(self, ratings: Ratings) -> LikesModel:
        table = index(ratings)
        likes = likes_matrix(table)
        near = keep_largest(_cosines(likes, self.shrink), self.k).T.tocsr()
        return likes_model(table, likes, lambda liked: near[liked].sum(axis=0))


@dataclass(frozen=True, slots=True)
class Slim:
    """s = x W, W >= 0, W_jj = 0 (SLIM, Ning and Karypis 2011).

    Minimises |X - XW|^2 / 2 + l2 |W|^2 / 2 + l1 |W|_1 by coordinate descent. The
    columns of W are independent problems, so a row of W is updated at once:
    w_i = max(0, x_i'(R + x_i w_i) - l1) / (|x_i|^2 + l2), residuals R = X - XW kept
    up. It ends after `sweeps`, or when no coefficient moves by `tolerance`.
    """

    l1: float = 0.2
    l2: float = 100.0
    sweeps: int = 10
    tolerance: float = 1e-3
    name: str = "SLIM"

    def fit(self, ratings: Ratings) -> LikesModel:
        table = index(ratings)
        likes = likes_matrix(table)
        ever = np.flatnonzero(likes.sum(axis=0))
        found = csr_array(self.descend(csr_array(likes[:, ever]))).tocoo()
        places = (ever[found.row], ever[found.col])
        shape = (table.n_items, table.n_items)
        weights = csr_array((found.data, places), shape=shape)
        return likes_model(table, likes, lambda liked: weights[liked].sum(axis=0))

    def descend(self, likes: Sparse) -> Floats:
        """float64[n_items, n_items]: W; row i is what liking i says of all others."""
        residuals, by_film = likes.toarray(), csc_array(likes)
        weights = np.zeros((likes.shape[1], likes.shape[1]))
        for _ in range(self.sweeps):
            moved = 0.0
            for film in np.flatnonzero(np.diff(by_film.indptr)):
                start, end = by_film.indptr[film : film + 2]
                people = by_film.indices[start:end].astype(np.intp)
                moved = max(moved, self._update(weights, residuals, int(film), people))
            if moved < self.tolerance:
                break
        return weights

    def _update(
        self, weights: Floats, residuals: Floats, film: int, people: Columns
    ) -> float:
        old, n = weights[film], people.size
        pull = residuals[people].sum(axis=0) + n * old - self.l1
        new = np.maximum(pull, 0.0) / (n + self.l2)
        new[film] = 0.0
        change = new - old
        residuals[people] -= change
        weights[film] = new
        return float(np.abs(change).max())


def likes_matrix(table: Table) -> Sparse:
    """CSR float64[n_users, n_items]: 1 where the person gave 4 stars or more."""
    liked = table.stars >= LIKED_STARS
    places = (table.users[liked], table.items[liked])
    shape = (table.n_users, table.n_items)
    return csr_array((np.ones(places[0].size), places), shape=shape)


def popularity(likes: Sparse) -> Floats:
    """float64[n_items]: the number of people who like each film."""
    return np.bincount(likes.indices, minlength=likes.shape[1]).astype(np.float64)


def likes_model(
    table: Table, likes: Sparse, score: Callable[[Columns], Floats]
) -> LikesModel:
    return LikesModel(table.vocabulary, popularity(likes), score)


def at_candidates(vocabulary: Vocabulary, scores: Floats, candidates: Ints) -> Floats:
    """float64[m]: each candidate's score, NaN for a film that is not known."""
    columns = vocabulary.columns(candidates)
    return np.where(columns < 0, np.nan, scores[columns])


def keep_largest(rows: Sparse, k: int) -> Sparse:
    """Keep the k largest values of each row, ties to the lower column."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    order = np.lexsort((rows.indices, -rows.data, row))
    rank = np.arange(row.size) - rows.indptr[row]
    kept = order[rank < k]
    return csr_array(
        (rows.data[kept], (row[kept], rows.indices[kept])), shape=rows.shape
    )


def _cosines(likes: Sparse, shrink: float) -> Sparse:
    together = csr_array(likes.T @ likes)
    lengths = np.sqrt(together.diagonal())
    row = np.repeat(np.arange(lengths.size), np.diff(together.indptr))
    together.data /= lengths[row] * lengths[together.indices] + shrink
    alone = csr_array(together - diags_array(together.diagonal()))
    alone.eliminate_zeros()
    return alone
