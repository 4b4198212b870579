"""Which ratings are hidden from whom: people apart, time apart, ratings apart.

Every split is drawn from a seed and covers the table: each person (or rating) is
held out exactly once over the folds, and what is held out is never trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Ints
from nexus.engine.learned.interactions import Columns, History, Ratings


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One person: what a model may know of them, and what it must guess."""

    person: int
    known: History
    hidden: History


@dataclass(frozen=True, slots=True)
class Fold:
    """What to train on and the people to try it on, by ascending id."""

    train: Ratings
    people: tuple[HeldOut, ...]


def strong_folds(
    ratings: Ratings, *, folds: int, seed: int, share: float = 0.8
) -> Iterator[Fold]:
    """Strong generalisation: people never trained on, a share of whose ratings is told.

    Each person is held out in one fold. Of their n ratings a random n - round(n (1 -
    share)) are known (at least one is hidden, if there are two), the rest hidden.
    Source: the protocol of Liang et al. 2018, "Variational Autoencoders for
    Collaborative Filtering", over all ratings instead of likes alone.
    """
    rng = np.random.default_rng([seed, 1])
    ratings = sort_by_person(ratings)
    owners = np.unique(ratings.users)
    fold_of = deal(owners.size, folds, rng)[np.searchsorted(owners, ratings.users)]
    known = _tell(ratings.users, share, rng)
    for fold in range(folds):
        out = fold_of == fold
        yield Fold(take(ratings, np.flatnonzero(~out)), _people(ratings, out, known))


def temporal_fold(ratings: Ratings, *, share: float = 0.8) -> Fold:
    """Global temporal: train on the first share of all time, guess what came later.

    The cut falls between two moments: ratings given at the same one stay together, on
    the later side. People's own earlier ratings are known (none, for newcomers).
    ValueError without an order or if all ratings were given at one moment.
    """
    if ratings.order is None:
        raise ValueError("a split by time needs the order of the ratings")
    ratings = sort_by_person(ratings)
    assert ratings.order is not None
    moment = np.sort(ratings.order)[min(int(share * len(ratings)), len(ratings) - 1)]
    early = ratings.order < moment
    if not early.any():
        raise ValueError("all ratings were given at one moment")
    later = np.isin(ratings.users, ratings.users[~early])
    return Fold(take(ratings, np.flatnonzero(early)), _people(ratings, later, early))


def rating_folds(ratings: Ratings, *, folds: int, seed: int) -> Iterator[Fold]:
    """k-fold over single ratings: everybody is trained on, a k-th of theirs hidden."""
    rng = np.random.default_rng([seed, 2])
    ratings = sort_by_person(ratings)
    fold_of = deal(len(ratings), folds, rng)
    for fold in range(folds):
        hidden = fold_of == fold
        touched = np.isin(ratings.users, ratings.users[hidden])
        train = take(ratings, np.flatnonzero(~hidden))
        yield Fold(train, _people(ratings, touched, ~hidden))


def deal(n: int, folds: int, rng: np.random.Generator) -> Ints:
    """int64[n]: a random fold for each; sizes differ by one at most."""
    if not 2 <= folds <= n:
        raise ValueError(f"{n} cannot be dealt to {folds} folds")
    return rng.permutation(np.arange(n, dtype=np.int64) % folds)


def sort_by_person(ratings: Ratings) -> Ratings:
    """By person, then film: how the ratings arrived has no influence on the split."""
    return take(ratings, np.lexsort((ratings.items, ratings.users)))


def take(ratings: Ratings, rows: Columns | Ints) -> Ratings:
    order = None if ratings.order is None else ratings.order[rows]
    return Ratings(ratings.users[rows], ratings.items[rows], ratings.stars[rows], order)


def take_history(history: History, rows: Columns | Ints) -> History:
    order = None if history.order is None else history.order[rows]
    return History(history.items[rows], history.stars[rows], order)


def _tell(users: Ints, share: float, rng: np.random.Generator) -> np.ndarray:
    """bool[k]: which ratings of each person are known; users are sorted."""
    chance = rng.random(users.size)
    by_chance = np.lexsort((chance, users))
    _, first, counts = np.unique(users, return_index=True, return_counts=True)
    place = np.empty(users.size, dtype=np.int64)
    place[by_chance] = np.arange(users.size) - np.repeat(first, counts)
    hidden = np.maximum(np.rint(counts * (1 - share)), counts > 1)
    return place < np.repeat(counts - hidden, counts)


def _people(
    ratings: Ratings, out: np.ndarray, known: np.ndarray
) -> tuple[HeldOut, ...]:
    """Those with a rating marked `out`; their ratings marked `known` are told."""
    rows = np.flatnonzero(out)
    users, starts = np.unique(ratings.users[rows], return_index=True)
    people = []
    for user, mine in zip(users, np.split(rows, starts[1:]), strict=True):
        told, secret = mine[known[mine]], mine[~known[mine]]
        people.append(
            HeldOut(int(user), _history(ratings, told), _history(ratings, secret))
        )
    return tuple(people)


def _history(ratings: Ratings, rows: Ints) -> History:
    order = None if ratings.order is None else ratings.order[rows]
    return History(ratings.items[rows], ratings.stars[rows], order)
