"""What is told by who rated what, whatever the stars were; and the groups of films.

`N = D^-1/2 A`, A the 0/1 matrix of who rated what, D the ratings of each person, has
the leading singular vectors U (people) and V (films). A person's seen profile is
`V' 1_seen / sqrt n`, the average direction of what was seen (the implicit part of
SVD++, Koren 2008); a film's rater profile is the same the other way round,
`U' 1_raters / sqrt n` with each rater counting by 1 / sqrt(their ratings) (Rendle et
al. 2019, "On the difficulty of evaluating baselines").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.linalg import qr
from scipy.sparse import csc_array, csr_array

from nexus.engine.arrays import Floats, Sparse
from nexus.engine.learned.interactions import Table, Vocabulary
from nexus.engine.learned.prior import Groups

EitherWay: TypeAlias = "csr_array[np.float64] | csc_array[np.float64]"

MOST_GROUPS = 32
# With so few people, or films, a complete decomposition costs less than a search.
SMALL = 1000
SPARE_DIRECTIONS, POWER_STEPS = 10, 6
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
    scaled = by_person(table, np.repeat(1 / np.sqrt(n_rated), n_rated))
    people, films = _decompose(scaled, q)
    # The sign of a direction is arbitrary; make it the same on every machine.
    largest = np.abs(films).argmax(axis=0)
    signs = np.sign(films[largest, np.arange(films.shape[1])])
    return Profiles(people * signs, films * signs)


def times(matrix: EitherWay, dense: Floats) -> Floats:
    """The product as plain float64[rows, ...]; the types of SciPy leave more open."""
    return np.asarray(matrix @ dense, dtype=np.float64)


def _decompose(matrix: EitherWay, q: int) -> tuple[Floats, Floats]:
    """Leading singular vectors of rows and of columns, each as columns, equal bits."""
    if matrix.shape[0] < matrix.shape[1]:
        films, people = _decompose(matrix.T, q)
        return people, films
    basis = _find_basis(matrix, min(q, matrix.shape[1]))
    people, _, turn = np.linalg.svd(times(matrix, basis), full_matrices=False)
    return people, basis @ turn.T


def _find_basis(matrix: EitherWay, q: int) -> Floats:
    """The q directions of the columns' space that the matrix stretches most.

    Block Krylov (Musco & Musco 2015), from a start that is always the same: unlike
    one vector's, a block's space holds all directions of a repeated singular value.
    """
    n, width = matrix.shape[1], q + SPARE_DIRECTIONS
    if n <= max(SMALL, width * (POWER_STEPS + 1)):
        return _strongest(np.asarray((matrix.T @ matrix).toarray()), q)
    basis = np.empty((n, width * (POWER_STEPS + 1)), order="F")
    parts = [slice(at, at + width) for at in range(0, basis.shape[1], width)]
    block = np.random.default_rng(0).standard_normal((n, width))
    for part in parts:
        basis[:, part] = orthogonal(block)
        block = times(matrix.T, times(matrix, basis[:, part]))
    basis = orthogonal(basis)
    products = [
        basis.T @ times(matrix.T, times(matrix, basis[:, part])) for part in parts
    ]
    return basis @ _strongest(np.hstack(products), q)


def orthogonal(directions: Floats) -> Floats:
    """Make them so in place, where they allow it; whatever they are, none is lost."""
    found = qr(directions, overwrite_a=True, mode="economic", check_finite=False)[0]
    return np.asarray(found, dtype=np.float64)


def _strongest(products: Floats, q: int) -> Floats:
    """Eigenvectors of the q largest eigenvalues, largest first, as columns."""
    vectors = np.linalg.eigh((products + products.T) / 2).eigenvectors
    return np.asarray(vectors[:, ::-1][:, :q], dtype=np.float64)


def seen_profiles(table: Table, films: Floats) -> Floats:
    """float64[n_users, q]: `films` summed over what was seen, / sqrt n."""
    seen = by_person(table, np.ones(table.users.size))
    n_rated = np.bincount(table.users, minlength=table.n_users)
    return times(seen, films) / np.sqrt(n_rated)[:, None]


def rater_profiles(table: Table, people: Floats) -> Floats:
    """float64[n_items, q]: `people` summed over the raters, / sqrt n."""
    n_rated = np.bincount(table.users, minlength=table.n_users)
    n_raters = np.bincount(table.items, minlength=table.n_items)
    raters = by_person(table, np.ones(table.users.size)).T
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
