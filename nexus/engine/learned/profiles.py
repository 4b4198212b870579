"""What is told by who rated what, whatever the stars were; and the groups of films.

`N = D^-1/2 A`, A the 0/1 matrix of who rated what, D the ratings of each person, has
the leading singular vectors U (people) and V (films). A person's seen profile is
`V' 1_seen / sqrt n`, the average direction of what was seen (the implicit part of
SVD++, Koren 2008); a film's rater profile is the same the other way round,
`U' 1_raters / sqrt n` with each rater counting by 1 / sqrt(their ratings) (Rendle et
al. 2019, "On the difficulty of evaluating baselines").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from nexus.engine.arrays import Floats, Sparse
from nexus.engine.learned.interactions import Table, Vocabulary

Groups: TypeAlias = Mapping[int, Sequence[str]]

MOST_GROUPS = 32
# Below this many entries a complete decomposition costs less than an iterative one.
SMALL = 40_000
# A profile direction that hardly varies says nothing; dividing by it would shout.
LEAST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Profiles:
    """people float64[n_users, q] and films float64[n_items, q]: singular vectors."""

    people: Floats
    films: Floats


def by_person(table: Table, values: Floats) -> Sparse:
    """One value per rating as a matrix n_users x n_items."""
    ends = np.searchsorted(table.users, np.arange(table.n_users + 1))
    shape = (table.n_users, table.n_items)
    return csr_array((values, table.items, ends), shape=shape)


def find_profiles(table: Table, q: int) -> Profiles:
    """The q leading directions (fewer if there are fewer) of who rated what."""
    n_rated = np.bincount(table.users, minlength=table.n_users)
    seen = by_person(table, np.ones(table.users.size))
    people, sizes, films = _decompose(_scale_rows(seen, 1 / np.sqrt(n_rated)), q)
    strongest = np.argsort(-sizes, kind="stable")[:q]
    people, films = people[:, strongest], films[strongest].T
    # The sign of a direction is arbitrary; make it the same on every machine.
    largest = np.abs(films).argmax(axis=0)
    signs = np.sign(films[largest, np.arange(films.shape[1])])
    return Profiles(people * signs, films * signs)


def times(matrix: Sparse, dense: Floats) -> Floats:
    """The product as plain float64[rows, ...]; the types of SciPy leave more open."""
    return np.asarray(matrix @ dense, dtype=np.float64)


def _scale_rows(matrix: Sparse, factors: Floats) -> Sparse:
    scaled = matrix.copy()
    scaled.data = scaled.data * np.repeat(factors, np.diff(matrix.indptr))
    return scaled


def _decompose(matrix: Sparse, q: int) -> tuple[Floats, Floats, Floats]:
    least = min(matrix.shape)
    if q >= least or matrix.shape[0] * matrix.shape[1] <= SMALL:
        return np.linalg.svd(np.asarray(matrix.toarray()), full_matrices=False)
    people, sizes, films = svds(matrix, k=q, v0=np.ones(least), solver="arpack")
    return people, np.asarray(sizes, dtype=np.float64), films


def seen_profiles(table: Table, films: Floats) -> Floats:
    """float64[n_users, q]: `films` summed over what was seen, / sqrt n."""
    seen = by_person(table, np.ones(table.users.size))
    n_rated = np.bincount(table.users, minlength=table.n_users)
    return times(seen, films) / np.sqrt(n_rated)[:, None]


def rater_profiles(table: Table, people: Floats) -> Floats:
    """float64[n_items, q]: `people` summed over the raters, / sqrt n."""
    n_rated = np.bincount(table.users, minlength=table.n_users)
    n_raters = np.bincount(table.items, minlength=table.n_items)
    raters = csr_array(by_person(table, np.ones(table.users.size)).T)
    summed = times(raters, people / np.sqrt(n_rated)[:, None])
    return summed / np.sqrt(n_raters)[:, None]


def film_features(table: Table, people: Floats, groups: Floats) -> Floats:
    """float64[n_items, f]: 1, log(1 + n), rater profile, groups; centred by rating.

    The profile and the count also have spread 1, so that one penalty suits them all.
    """
    n_raters = np.bincount(table.items, minlength=table.n_items)
    counted = np.log1p(n_raters)[:, None]
    told = np.column_stack([counted, rater_profiles(table, people)])
    told -= np.average(told, axis=0, weights=n_raters)
    spread = np.sqrt(np.average(told**2, axis=0, weights=n_raters))
    told = np.where(spread > LEAST_SPREAD, told / np.maximum(spread, LEAST_SPREAD), 0.0)
    centred = groups - np.average(groups, axis=0, weights=n_raters)
    return np.column_stack([np.ones(table.n_items), told, centred])


def group_names(
    vocabulary: Vocabulary, item_groups: Groups | None, most: int = MOST_GROUPS
) -> tuple[str, ...]:
    """The groups with most films, at most `most`, by name."""
    counts: dict[str, int] = {}
    for item in vocabulary.items.tolist() if item_groups else ():
        for name in set((item_groups or {}).get(item, ())):
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(sorted(counts, key=lambda name: (-counts[name], name))[:most]))


def group_rows(
    vocabulary: Vocabulary, item_groups: Groups | None, names: Sequence[str]
) -> Floats:
    """float64[n_items, g]: 1 / sqrt(groups of the film) where it is in the group."""
    places = {name: at for at, name in enumerate(names)}
    rows = np.zeros((len(vocabulary), len(names)))
    for row, item in enumerate(vocabulary.items.tolist() if item_groups else ()):
        found = {places[g] for g in (item_groups or {}).get(item, ()) if g in places}
        if found:
            rows[row, sorted(found)] = len(found) ** -0.5
    return rows
