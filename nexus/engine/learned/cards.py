"""Onboarding cards: the few films whose ratings tell most about all the others.

Forward selection of columns of one matrix that explain another (Farahat, Ghodsi and
Kamel 2013, "A fast greedy algorithm for generalized column subset selection"): x_j says
who has seen film j (0 or 1 for each person, less the mean), R who likes which film (1
where stars >= 4, less the mean). The next card is the film that explains most variance
of all likes that the cards before it leave,

    j = argmax |R' x_j|^2 / |x_j|^2,    R <- R - x_j (x_j' R) / |x_j|^2,
                                        x_k <- x_k - x_j (x_j' x_k) / |x_j|^2.

That somebody has seen a film at all is what every answer tells, whatever the stars. A
card that hardly anybody can answer tells nearly everybody nothing, so only the films
most rated are candidates. The choice needs no more than products of candidates:

    K = C'C with C = R'X, float64[n_items, n_candidates],  and  G = X'X.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from nexus.engine.arrays import Bools, Floats, Ints, check_count
from nexus.engine.learned.interactions import Columns, Table
from nexus.engine.learned.terms import LIKED_STARS

N_CANDIDATES = 60
LEAST_LEFT = 1e-9
# Ratings taken at once: 16 MB of answers.
BLOCK = 32_768


def choose_cards(table: Table, n: int, *, n_candidates: int = N_CANDIDATES) -> Ints:
    """int64[<= n]: ids of the cards, most telling first, among the most rated films.

    Fewer than n only if those so far explain everything, or of fewer candidates. Ties
    go to the lower id.
    """
    check_count("n", n)
    candidates = np.sort(most_rated(table, n_candidates))
    if not candidates.size:
        return table.vocabulary.items[:0]
    explained, left = _products(table, candidates)
    chosen: list[int] = []
    for _ in range(min(n, candidates.size)):
        variance = left.diagonal()
        open_ones = variance > LEAST_LEFT
        gains = np.where(open_ones, explained.diagonal(), 0.0)
        gains /= np.where(open_ones, variance, 1.0)
        gains[chosen] = 0.0
        if gains.max() <= LEAST_LEFT:
            break
        # Equal films may differ by rounding.
        best = int(np.argmax(gains >= gains.max() * (1 - LEAST_LEFT)))
        chosen.append(best)
        explained, left = _explain(explained, left, best)
    return table.vocabulary.items[candidates[chosen]]


def most_rated(table: Table, n: int) -> Columns:
    """intp[<= n]: the columns with most ratings, ties to the lower id."""
    counts = np.bincount(table.items, minlength=table.n_items)
    return np.argsort(-counts, kind="stable")[:n]


def _products(table: Table, candidates: Columns) -> tuple[Floats, Floats]:
    """K and G, float64[n_candidates, n_candidates] each."""
    seen = _seen(table, candidates)
    counts = seen.sum(axis=0, dtype=np.float64)
    together = np.stack([seen[seen[:, j]].sum(axis=0) for j in range(counts.size)])
    left = together - np.outer(counts, counts) / table.n_users
    found, likes = _likes_of_those_who_saw(table, seen)
    found -= np.outer(likes, counts / table.n_users)
    return found.T @ found, left


def _seen(table: Table, candidates: Columns) -> Bools:
    """bool[n_users, n_candidates]"""
    place = np.full(table.n_items, -1)
    place[candidates] = np.arange(candidates.size)
    seen = np.zeros((table.n_users, candidates.size), dtype=np.bool_)
    for block in _blocks(table):
        at = place[table.items[block]]
        seen[table.users[block][at >= 0], at[at >= 0]] = True
    return seen


def _likes_of_those_who_saw(table: Table, seen: Bools) -> tuple[Floats, Floats]:
    """float64[n_items, n_candidates]: likes of a film by those who saw a candidate.

    And float64[n_items]: by everybody.
    """
    found, likes = np.zeros((table.n_items, seen.shape[1])), np.zeros(table.n_items)
    for block in _blocks(table):
        liked = table.stars[block] >= LIKED_STARS
        films, people = table.items[block][liked], table.users[block][liked]
        places = (films, np.arange(films.size))
        by_film = csr_array((np.ones(films.size), places), (table.n_items, films.size))
        found += by_film @ seen[people].astype(np.float64)
        likes += np.bincount(films, minlength=table.n_items)
    return found, likes


def _blocks(table: Table) -> Iterator[slice]:
    return (slice(at, at + BLOCK) for at in range(0, table.stars.size, BLOCK))


def _explain(explained: Floats, left: Floats, best: int) -> tuple[Floats, Floats]:
    """K and G once the chosen candidate is taken out: C_k <- C_k - C_j share_k."""
    share = left[best] / left[best, best]
    crossed = np.outer(share, explained[best])
    rest = explained - crossed - crossed.T
    rest += np.outer(share, share) * explained[best, best]
    return rest, left - np.outer(share, left[best])
