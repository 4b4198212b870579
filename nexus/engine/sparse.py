"""A few rows of a large sparse matrix, without another matrix being made of them.

To make one costs scipy more than these need for all they do. The matrix has the columns
of each row in ascending order.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from nexus.engine.arrays import Floats, Ints, Sparse

# scipy's own product is quicker where more has to be added up.
MOST_TERMS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Entries:
    """What is in m rows, row by row, in ascending columns.

    sizes:  int64[m], how many there are in each
    places: int64[k], where they are in the matrix's own arrays
    """

    sizes: Ints
    places: Ints

    @property
    def owners(self) -> Ints:
        """int64[k]: which of the m rows each is in."""
        return np.repeat(np.arange(self.sizes.size), self.sizes)


def csr_from(values: Floats, columns: Ints, sizes: Ints, width: int) -> Sparse:
    """Return a matrix of these entries, row by row in ascending columns.

    sizes: how many there are in each row
    """
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    parts = values, columns.astype(np.int32), starts
    return csr_array(parts, shape=(sizes.size, width))


def entries(matrix: Sparse, rows: Ints) -> Entries:
    starts = matrix.indptr[rows].astype(np.int64)
    sizes = matrix.indptr[rows + 1] - starts
    ends = np.cumsum(sizes)
    shifts = np.repeat(starts - ends + sizes, sizes)
    return Entries(sizes, np.arange(shifts.size) + shifts)


def inner_products(matrix: Sparse, rows: Ints, others: Ints) -> Floats:
    """(matrix[rows] @ matrix[others].T).toarray(), summed in the same order."""
    if rows.size == 1:
        return _products_of_one(matrix, int(rows[0]), others)
    mine, theirs = entries(matrix, rows), entries(matrix, others)
    columns, where = np.unique(matrix.indices[mine.places], return_inverse=True)
    if not columns.size:
        return np.zeros((rows.size, others.size))
    sought = matrix.indices[theirs.places]
    found = np.minimum(np.searchsorted(columns, sought), columns.size - 1)
    shared = np.flatnonzero(columns[found] == sought)
    # Each shared entry of theirs meets all of mine in that column, which follow one
    # another once they are sorted by column. Sums run in the order of the columns.
    by_column = np.argsort(where, kind="stable")
    counts = np.bincount(where, minlength=columns.size)
    starts = np.cumsum(counts) - counts
    meets = counts[found[shared]]
    if meets.sum() > MOST_TERMS:
        return np.asarray((matrix[rows] @ matrix[others].T).toarray())
    ends = np.cumsum(meets)
    shifts = np.repeat(starts[found[shared]] - ends + meets, meets)
    own = by_column[np.arange(shifts.size) + shifts]
    other = np.repeat(shared, meets)
    cells = mine.owners[own] * others.size + theirs.owners[other]
    terms = matrix.data[mine.places[own]] * matrix.data[theirs.places[other]]
    total = np.bincount(cells, terms, minlength=rows.size * others.size)
    return total.astype(np.float64, copy=False).reshape(rows.size, others.size)


def _products_of_one(matrix: Sparse, row: int, others: Ints) -> Floats:
    """The same for one row, whose columns need not be sorted again."""
    start, end = matrix.indptr[row : row + 2].tolist()
    columns, theirs = matrix.indices[start:end], entries(matrix, others)
    if not columns.size:
        return np.zeros((1, others.size))
    sought = matrix.indices[theirs.places]
    found = np.minimum(columns.searchsorted(sought), columns.size - 1)
    shared = np.flatnonzero(columns[found] == sought)
    terms = matrix.data[start + found[shared]] * matrix.data[theirs.places[shared]]
    total = np.bincount(theirs.owners[shared], terms, minlength=others.size)
    return total.astype(np.float64, copy=False)[np.newaxis]
