"""What stands in while ratings are few: how many rated a film, and declared genres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nexus.engine.arrays import Bools, Floats, freeze
from nexus.engine.learned.interactions import Table, Vocabulary

# Names of the groups (genres) of each item id.
Groups: TypeAlias = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Genres:
    """Which groups (genres) the films belong to.

    names:   the groups, ascending; the place is the row
    members: bool[n_groups, n_items]
    """

    names: tuple[str, ...]
    members: Bools

    def likeness(self, declared: Sequence[str]) -> Floats:
        """float64[n_items], 0..1: cosine of what is declared and the film's groups.

        Unknown names are ignored, and so is saying a name twice. A film's row is its
        0/1 vector divided by its length: |(1, 1, 0)| = sqrt 2.
        """
        wanted = np.isin(self.names, list(declared))
        shared = self.members[wanted].sum(axis=0, dtype=np.uint16)
        groups = self.members.sum(axis=0, dtype=np.uint16)
        return np.asarray(shared / np.sqrt(np.maximum(groups * wanted.sum(), 1)))


def build_genres(vocabulary: Vocabulary, groups: Groups) -> Genres:
    """Lay out the groups of a vocabulary's films; films without any are allowed."""
    of_films = [groups.get(int(film), ()) for film in vocabulary.items]
    names = sorted({name for film in of_films for name in film})
    place = {name: row for row, name in enumerate(names)}
    members = np.zeros((len(names), len(of_films)), dtype=np.bool_)
    for column, film in enumerate(of_films):
        members[[place[name] for name in film], column] = True
    return Genres(tuple(names), freeze(members))


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
