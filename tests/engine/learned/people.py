"""Invented people: tables of ratings drawn from a seed, with two kinds of viewers."""

import numpy as np

from nexus.engine.arrays import Bools
from nexus.engine.learned.interactions import Ratings, Table, index


def ratings_of_two_kinds(
    n_users: int = 40, n_items: int = 24, seed: int = 0
) -> Ratings:
    """Even people mostly see (and like) even films, odd ones odd films."""
    rng = np.random.default_rng(seed)
    chance = np.where(_alike(n_users, n_items), 0.6, 0.15)
    users, items = np.nonzero(rng.random((n_users, n_items)) < chance)
    usual = np.where(_alike(n_users, n_items)[users, items], 4.0, 2.5)
    stars = np.clip(usual + rng.integers(-2, 3, users.size) / 2, 0.5, 5.0)
    return Ratings(users + 100, items * 7 + 1, stars, rng.permutation(users.size))


def table_of_two_kinds(n_users: int = 40, n_items: int = 24, seed: int = 0) -> Table:
    return index(ratings_of_two_kinds(n_users, n_items, seed))


def _alike(n_users: int, n_items: int) -> Bools:
    return np.asarray((np.arange(n_users)[:, np.newaxis] + np.arange(n_items)) % 2 == 0)
