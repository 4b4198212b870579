"""Peers in closed form: linear autoencoders of likes, EASE and RDLAE.

With X the likes (float64[n_users, n_items], 0 or 1) and x the row of one person,

    s = x B,  B = I - P diag(g),  P = (X'X + diag(L))^-1,

where g holds the diagonal of B down: B_jj = 1 - P_jj g_j. Of two equal forms of P the
smaller is inverted: films x films, or by Woodbury's identity people x people,
P = D - D X' (I + X D X')^-1 X D with D = diag(1 / L).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array, diags_array

from nexus.engine.arrays import Floats, Sparse
from nexus.engine.evaluation.peers import (
    LikesModel,
    likes_matrix,
    likes_model,
    popularity,
)
from nexus.engine.learned.interactions import Columns, Ratings, index

Solve = Callable[[Sparse, Floats], "Inverse"]


@dataclass(frozen=True, slots=True)
class Ease:
    """L_j = penalty, B_jj = 0: g_j = 1 / P_jj (Steck 2019)."""

    penalty: float = 200.0
    name: str = "EASE"

    def fit(self, ratings: Ratings) -> LikesModel:
        return Rdlae(self.penalty, dropout=0.0, relaxation=0.0).fit(ratings)


@dataclass(frozen=True, slots=True)
class Rdlae:
    """L_j = penalty + p / (1 - p) (X'X)_jj, p = dropout, and B_jj <= relaxation.

    By the Karush-Kuhn-Tucker conditions g_j = L_j where B_jj stays below by itself,
    else it is at the bound: g_j = max(L_j, (1 - relaxation) / P_jj). Source: Moon, Kim
    and Lee 2023, "It's enough: relaxing diagonal constraints in linear autoencoders
    for recommendation".
    """

    penalty: float = 200.0
    dropout: float = 0.3
    relaxation: float = 0.3
    name: str = "RDLAE"

    def fit(self, ratings: Ratings) -> LikesModel:
        table = index(ratings)
        likes = likes_matrix(table)
        by_people = table.n_users < table.n_items
        score = self.solve(likes, invert_by_people if by_people else invert_by_films)
        return likes_model(table, likes, score)

    def solve(self, likes: Sparse, invert: Solve) -> Callable[[Columns], Floats]:
        odds = self.dropout / (1 - self.dropout)
        penalties = self.penalty + odds * popularity(likes)
        inverse = invert(likes, penalties)
        held = np.maximum(penalties, (1 - self.relaxation) / inverse.diagonal)
        return partial(_scores, inverse, held)


@dataclass(frozen=True, slots=True)
class Inverse:
    """P, symmetric: the sum of the rows of some films, and its diagonal."""

    rows: Callable[[Columns], Floats]
    diagonal: Floats


def invert_by_films(likes: Sparse, penalties: Floats) -> Inverse:
    gram = (likes.T @ likes).toarray() + np.diag(penalties)
    inverse = cho_solve(cho_factor(gram, overwrite_a=True), np.eye(gram.shape[0]))
    return Inverse(lambda liked: inverse[liked].sum(axis=0), np.diag(inverse))


def invert_by_people(likes: Sparse, penalties: Floats) -> Inverse:
    """The same without a films x films array."""
    by_film = csr_array(diags_array(1 / penalties) @ likes.T)
    kernel = (likes @ by_film).toarray()
    kernel[np.diag_indices_from(kernel)] += 1.0
    inverse = cho_solve(cho_factor(kernel, overwrite_a=True), np.eye(kernel.shape[0]))
    spread = np.asarray(by_film @ inverse)
    # Of each film, the sum of its row of `spread` over the people who like it.
    film = np.repeat(np.arange(by_film.shape[0]), np.diff(by_film.indptr))
    shares = spread[film, by_film.indices] * by_film.data
    taken = np.bincount(film, shares, minlength=by_film.shape[0])
    rows = partial(_rows_by_people, by_film, spread, 1 / penalties)
    return Inverse(rows, 1 / penalties - taken)


def _rows_by_people(
    by_film: Sparse, spread: Floats, shrunk: Floats, liked: Columns
) -> Floats:
    """by_film: CSR D X'; spread: float64[n_items, n_users]; shrunk: the diagonal D."""
    rows: Floats = -(by_film @ spread[liked].sum(axis=0))
    rows[liked] += shrunk[liked]
    return rows


def _scores(inverse: Inverse, held: Floats, liked: Columns) -> Floats:
    scores = -inverse.rows(liked) * held
    scores[liked] += 1.0
    return scores
