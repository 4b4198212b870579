"""Numbers in one or two bytes each: whole steps, each row or column with its own step.

A byte is -127..127 steps, two are -32,767..32,767. The largest number is met to
rounding, all others to half a step. Where a step would be less than the least normal
float32, about 1e-38, all numbers are 0.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from nexus.engine.arrays import Floats, Sparse, freeze
from nexus.engine.learned.interactions import Columns

BYTE, TWO_BYTES = np.int8, np.int16

Codes: TypeAlias = NDArray[np.signedinteger]
Steps: TypeAlias = NDArray[np.float32]
Starts: TypeAlias = NDArray[np.int64]
# As many bytes as the number of films takes: two up to 65,536 of them.
Places: TypeAlias = NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True)
class Rounded:
    """Row i is steps[i] * codes[i]: codes int8 or int16[n, d], steps float32[n]."""

    codes: Codes
    steps: Steps

    def rows(self, columns: Columns) -> Floats:
        """float64[m, d]: exactly what is held."""
        steps = self.steps[columns].astype(np.float64)
        return np.asarray(self.codes[columns] * steps[:, np.newaxis])

    def summed(self, columns: Columns, weights: Floats) -> Floats:
        """weights @ rows(columns), without their being scaled: float64[d]."""
        total: Floats = (weights * self.steps[columns]) @ self.codes[columns]
        return total

    def times(self, columns: Columns, vector: Floats) -> Floats:
        """rows(columns) @ vector, without their being scaled: float64[m]."""
        found: Floats = (self.codes[columns] @ vector) * self.steps[columns]
        return found


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A sparse matrix by rows; row i is at starts[i]:starts[i + 1] of films and codes.

    starts int64[n + 1]; films uint[k], ascending in each row; codes int8[k]; steps
    float32[n], of each column: the value at film j is steps[j] * code
    """

    starts: Starts
    films: Places
    codes: Codes
    steps: Steps

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        """float64[n]: sum over k of inputs[k] times row columns[k]."""
        n = self.steps.size
        if not columns.size:
            return np.zeros(n)
        starts, ends = self.starts[columns], self.starts[columns + 1]
        rows = [slice(*each) for each in np.stack([starts, ends], axis=1).tolist()]
        codes = np.concatenate([self.codes[row] for row in rows])
        films = np.concatenate([self.films[row] for row in rows])
        lengths = np.concatenate([[0], np.cumsum(ends - starts)])
        # SciPy's own loop: several times as fast as adding row by row with NumPy.
        parts = (codes.astype(np.float64), films.astype(np.int32), lengths)
        chosen = csc_array(parts, shape=(n, columns.size))
        return np.asarray((chosen @ inputs) * self.steps)

    def cells(self, columns: Columns, candidate: int) -> Floats:
        """float64[m]: each row's value at the candidate."""
        found = np.zeros(columns.size)
        wanted = self.films.dtype.type(candidate)
        for k, column in enumerate(columns.tolist()):
            start, end = self.starts[column : column + 2].tolist()
            at = start + int(np.searchsorted(self.films[start:end], wanted))
            if at < end and self.films[at] == wanted:
                found[k] = self.codes[at]
        return found * float(self.steps[candidate])


def dots(one: Rounded, other: Rounded) -> Floats:
    """float64[n]: each row of one times the same row of the other."""
    steps = one.steps.astype(np.float64) * other.steps
    # Codes are whole numbers: no bit of a sum is lost, whatever its order.
    found = np.einsum("nd,nd->n", one.codes, other.codes, dtype=np.int64)
    return np.asarray(found * steps, dtype=np.float64)


def round_rows(values: Floats, size: type[np.signedinteger] = BYTE) -> Rounded:
    """Round float64[n, d]; rows of zeros stay so."""
    steps = _steps(np.abs(values).max(axis=1, initial=0.0), size)
    codes = np.rint(values / steps[:, np.newaxis]).astype(size)
    return Rounded(freeze(codes), freeze(steps))


def round_sparse(values: Sparse) -> Neighbours:
    """Round a CSR matrix whose indices ascend, each column with a step of its own.

    Only what one column holds was fitted together. What becomes 0 is left out.
    """
    n = values.shape[0]
    films = values.indices
    largest = np.zeros(n)
    np.maximum.at(largest, films, np.abs(values.data))
    steps = _steps(largest, BYTE)
    codes = np.rint(values.data / steps[films]).astype(BYTE)
    rows, kept = np.repeat(np.arange(n), np.diff(values.indptr)), codes != 0
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows[kept], minlength=n), out=starts[1:])
    return Neighbours(
        starts=freeze(starts),
        films=freeze(films[kept].astype(np.min_scalar_type(n - 1))),
        codes=freeze(codes[kept]),
        steps=freeze(steps),
    )


def _steps(largest: Floats, size: type[np.signedinteger]) -> Steps:
    steps = (largest / np.iinfo(size).max).astype(np.float32)
    # A subnormal step is inexact, so that codes would not fit in their bytes.
    return np.where(steps >= np.finfo(np.float32).tiny, steps, np.float32(1.0))
