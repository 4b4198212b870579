"""Onboarding cards: the few films whose ratings tell most about all the others.

Forward column-subset selection (Farahat et al. 2011, "An efficient greedy method for
unsupervised feature selection"): the next card is the film that explains most of the
variance of all likes that the cards before it leave,

    j = argmax |R' r_j|^2 / |r_j|^2,    R <- R - r_j (r_j' R) / |r_j|^2,

R the likes (float64[n_users, n_items], 1 where stars >= 4) not yet explained. Only
the products of R' R with the candidates are kept: float64[n_items, n_candidates].
"""

import numpy as np
from scipy.sparse import csr_array

from nexus.engine.arrays import Floats, Ints, check_count
from nexus.engine.learned.interactions import Columns, Table

LIKED_STARS = 4.0
N_CANDIDATES = 1000
LEAST_LEFT = 1e-9


def choose_cards(table: Table, n: int, *, n_candidates: int = N_CANDIDATES) -> Ints:
    """int64[<= n]: ids of the cards, most telling first, among the most rated films.

    Fewer than n only if the films so far explain everything. Ties go to the lower id.
    """
    check_count("n", n)
    candidates = most_rated(table, n_candidates)
    candidates = np.sort(candidates)
    products = _likes_products(table, candidates)
    left = products[candidates, np.arange(candidates.size)].copy()
    chosen: list[int] = []
    for _ in range(min(n, candidates.size)):
        gains = np.einsum("ij,ij->j", products, products)
        gains = np.where(left > LEAST_LEFT, gains / np.maximum(left, LEAST_LEFT), 0.0)
        gains[chosen] = 0.0
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break
        chosen.append(best)
        _explain(products, left, candidates, best)
    return table.vocabulary.items[candidates[chosen]]


def most_rated(table: Table, n: int) -> Columns:
    """intp[<= n]: the columns with most ratings, ties to the lower id."""
    counts = np.bincount(table.items, minlength=table.n_items)
    return np.argsort(-counts, kind="stable")[:n]


def _likes_products(table: Table, candidates: Columns) -> Floats:
    liked = table.stars >= LIKED_STARS
    places = (table.users[liked], table.items[liked])
    shape = (table.n_users, table.n_items)
    likes = csr_array((np.ones(places[0].size), places), shape=shape)
    return np.asarray((likes.T @ likes[:, candidates]).toarray(), dtype=np.float64)


def _explain(products: Floats, left: Floats, candidates: Columns, best: int) -> None:
    """Take out what the chosen candidate explains, in place."""
    column = products[:, best] / np.sqrt(left[best])
    products -= np.outer(column, column[candidates])
    left -= column[candidates] ** 2
