"""A few rows of a sparse matrix, against scipy's own arithmetic."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from nexus.engine.sparse import entries, inner_products


def matrix(seed: int) -> "csr_array[np.float64]":
    rng = np.random.default_rng(seed)
    cells = np.where(rng.random((40, 30)) < 0.2, rng.random((40, 30)), 0.0)
    return csr_array(cells)


def test_it_names_the_entries_of_each_row() -> None:
    told = matrix(1)
    rows = np.array([7, 0, 7, 39])

    found = entries(told, rows)

    assert np.array_equal(told.indices[found.places], told[rows].indices)
    assert np.array_equal(np.bincount(found.owners, minlength=4), found.sizes)


@pytest.mark.parametrize("seed", range(20))
def test_it_multiplies_to_the_bit_as_scipy_does(seed: int) -> None:
    told = matrix(seed)
    rng = np.random.default_rng(seed)
    rows, others = rng.permutation(40)[: seed + 1], rng.permutation(40)[:25]

    found = inner_products(told, rows, others)

    assert np.array_equal(found, (told[rows] @ told[others].T).toarray())


@pytest.mark.parametrize(
    ("rows", "others"), [([], [1]), ([1], []), ([], []), ([3], [4])]
)
def test_it_takes_rows_that_have_nothing(rows: list[int], others: list[int]) -> None:
    nothing = csr_array((40, 30))

    found = inner_products(
        nothing, np.array(rows, np.int64), np.array(others, np.int64)
    )

    assert found.shape == (len(rows), len(others))
    assert not found.any()
