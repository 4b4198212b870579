"""Symmetric matrices as rows of their upper triangles.

A symmetric d x d matrix is d (d + 1) / 2 numbers, row by row of its upper triangle:
float64[n, d (d + 1) / 2] holds n of them. So one product with a sparse matrix sums
the matrices of each person's films, or of each film's raters, without a loop.
"""

import numpy as np

from nexus.engine.arrays import Floats
from nexus.engine.learned.interactions import Columns


def outer(rows: Floats) -> Floats:
    """x x' of each row: float64[n, d] -> float64[n, d (d + 1) / 2]."""
    first, second = np.triu_indices(rows.shape[1])
    return rows[:, first] * rows[:, second]


def unpack(packed: Floats, d: int) -> Floats:
    """float64[n, d (d + 1) / 2] -> float64[n, d, d]."""
    return np.take(packed, places(d).ravel(), axis=1).reshape(-1, d, d)


def places(d: int) -> Columns:
    """intp[d, d]: where each entry of a d x d matrix is in its packed row."""
    found = np.empty((d, d), dtype=np.intp)
    first, second = np.triu_indices(d)
    found[first, second] = found[second, first] = np.arange(first.size)
    return found


def pack(whole: Floats) -> Floats:
    """float64[n, d, d] -> float64[n, d (d + 1) / 2]; the lower triangles are unread."""
    first, second = np.triu_indices(whole.shape[-1])
    return whole[:, first, second]


def corner(d: int, k: int) -> Columns:
    """Where, in a packed d x d, the leading k x k is, in the order it has by itself."""
    return places(d)[np.triu_indices(k)]
