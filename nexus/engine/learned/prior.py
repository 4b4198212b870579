"""What stands in while ratings are few: how many rated a film, and declared genres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats, freeze
from nexus.engine.learned.interactions import Table, Vocabulary

Groups = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Genres:
    """Which groups (genres) the films belong to.

    names: the groups, ascending; the place is the column
    rows:  float64[n_items, n_groups], rows of length 1, or 0 where none is known
    """

    names: tuple[str, ...]
    rows: Floats

    def likeness(self, declared: Sequence[str]) -> Floats:
        """float64[n_items], 0..1: cosine of what is declared and the film's groups.

        Unknown names are ignored, and so is saying a name twice.
        """
        wanted = np.isin(self.names, list(declared)).astype(np.float64)
        return np.asarray(self.rows @ wanted / max(np.sqrt(wanted.sum()), 1.0))


def build_genres(vocabulary: Vocabulary, groups: Groups) -> Genres:
    """Lay out the groups of the films of a vocabulary; films without any are allowed.

    A film's row is its 0/1 vector divided by its length: |(1, 1, 0)| = sqrt 2.
    """
    of_films = [groups.get(int(film), ()) for film in vocabulary.items]
    names = sorted({name for film in of_films for name in film})
    place = {name: column for column, name in enumerate(names)}
    rows = np.zeros((len(of_films), len(names)))
    for row, film in zip(rows, of_films, strict=True):
        row[[place[name] for name in film]] = 1.0
    lengths = np.sqrt(rows.sum(axis=1, keepdims=True))
    return Genres(tuple(names), freeze(rows / np.maximum(lengths, 1.0)))


def rated_share(table: Table, half_life: float | None) -> Floats:
    """float64[n_items], 0..1: share of people who rated each film, of late.

    share_j = sum of w over the ratings of j / sum over people of their mean w,

    w = 2^(-age / half_life), age = the share 0..1 of all ratings that are newer. So
    with half_life .1 a rating counts half when a tenth of all are newer, whatever the
    unit of the order. Without an order, or with half_life None, w = 1 throughout and
    the share is a plain one.
    """
    weights = np.ones(table.stars.size)
    if half_life is not None and table.order is not None:
        weights = 0.5 ** (_age(table.order) / half_life)
    sums = np.bincount(table.items, weights, minlength=table.n_items)
    given = np.bincount(table.users, minlength=table.n_users)
    means = np.bincount(table.users, weights, minlength=table.n_users) / given
    return freeze(np.minimum(sums / means.sum(), 1.0))


def _age(order: Floats) -> Floats:
    """float64[k], 0..1: the share of ratings strictly newer; equal moments tie."""
    return 1.0 - np.searchsorted(np.sort(order), order, side="right") / order.size
