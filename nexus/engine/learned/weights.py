"""The item-item matrix B of the pick factor: three ways to hold the same thing.

Row i of B, float64[n_items], is what having seen film i says about every film: exactly
the "because you rated i". The diagonal is 0: no film speaks for itself.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nexus.engine.arrays import Floats, Sparse
from nexus.engine.learned.interactions import Columns


class Weights(Protocol):
    """float64[n_items, n_items] with a zero diagonal."""

    @property
    def n_items(self) -> int: ...

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        """float64[n_items]: sum over k of inputs[k] * B[columns[k], :]."""
        ...

    def cells(self, columns: Columns, candidate: int) -> Floats:
        """float64[m]: B[columns[k], candidate]."""
        ...


@dataclass(frozen=True, slots=True)
class DenseWeights:
    """B itself: matrix float64[n_items, n_items]."""

    matrix: Floats

    @property
    def n_items(self) -> int:
        return len(self.matrix)

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        return np.asarray(inputs @ self.matrix[columns], dtype=np.float64)

    def cells(self, columns: Columns, candidate: int) -> Floats:
        return np.asarray(self.matrix[columns, candidate], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FactoredWeights:
    """B = left @ right + rest - diagonal, with rank r far below n_items.

    left:     float64[n_items, r]
    right:    float64[r, n_items]
    rest:     CSR float64[n_items, n_items] by source film, or None: nothing is left
    diagonal: float64[n_items], of left @ right + rest
    """

    left: Floats
    right: Floats
    rest: "Sparse | None"
    diagonal: Floats

    @property
    def n_items(self) -> int:
        return len(self.left)

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        total: Floats = (inputs @ self.left[columns]) @ self.right
        total[columns] -= inputs * self.diagonal[columns]
        if self.rest is not None:
            _add_rows(total, self.rest, columns, inputs)
        return total

    def cells(self, columns: Columns, candidate: int) -> Floats:
        found: Floats = self.left[columns] @ self.right[:, candidate]
        if self.rest is not None:
            found += _pick_cells(self.rest, columns, candidate)
        return np.where(columns == candidate, 0.0, found)


def without_diagonal(matrix: Floats) -> DenseWeights:
    """Zero the diagonal of the matrix, in place."""
    np.fill_diagonal(matrix, 0.0)
    return DenseWeights(matrix)


def _add_rows(total: Floats, rest: Sparse, columns: Columns, inputs: Floats) -> None:
    # By hand: scipy's row indexing costs more than the sum it prepares.
    for column, weight in zip(columns.tolist(), inputs.tolist(), strict=True):
        row = slice(rest.indptr[column], rest.indptr[column + 1])
        total[rest.indices[row]] += weight * rest.data[row]


def _pick_cells(rest: Sparse, columns: Columns, candidate: int) -> Floats:
    """Each row's entry at the candidate; a row's indices ascend."""
    found = np.zeros(columns.size)
    for k, column in enumerate(columns.tolist()):
        start, end = rest.indptr[column : column + 2].tolist()
        at = start + int(np.searchsorted(rest.indices[start:end], candidate))
        if at < end and rest.indices[at] == candidate:
            found[k] = rest.data[at]
    return found
