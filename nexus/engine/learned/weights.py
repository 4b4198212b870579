"""The item-item matrix B of the pick factor: two ways to hold the same thing.

Row i of B, [n_items], is what having seen film i says about every film: exactly the
"because you rated i". The diagonal is 0: no film speaks for itself.

Numbers are rounded once, when fitted, so a model is the same to the bit in memory and
in a file: float32 where B is held whole; in factors a byte for sources, whose errors
meet those of a person's other films and cancel out, two for targets, whose errors are
the same for everybody, and a byte for the sparse rest. NDCG changes by less than .001.
All that is said of single films is summed in float64. Only the product with thin
factors is summed in float32, at a third of the time: a score of `product` differs from
the sum of its `cells` by a millionth of the largest at most.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nexus.engine.arrays import Floats, freeze
from nexus.engine.learned.interactions import Columns
from nexus.engine.learned.rounded import (
    TWO_BYTES,
    Neighbours,
    Rounded,
    dots,
    round_rows,
)

Singles = NDArray[np.float32]
TURN_SEED = 20


class Weights(Protocol):
    """[n_items, n_items] with a zero diagonal."""

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
    """B itself: matrix float32[n_items, n_items]."""

    matrix: Singles

    @property
    def n_items(self) -> int:
        return len(self.matrix)

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        total: Floats = inputs @ self.matrix[columns].astype(np.float64)
        return total

    def cells(self, columns: Columns, candidate: int) -> Floats:
        return np.asarray(self.matrix[columns, candidate], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FactoredWeights:
    """B = left @ right' + rest, less the diagonal, with rank r far below n_items.

    left:        [n_items, r] in a byte each, by source film
    right:       [n_items, r] in two bytes each, by target film
    rest:        the sparse rest by source film, or None: nothing is left
    wide:        float32[r, n_items], the codes of right, laid out to be multiplied
    diagonal:    float64[n_items], of left @ right'; neither is saved
    """

    left: Rounded
    right: Rounded
    rest: Neighbours | None
    wide: Singles = field(init=False, repr=False, compare=False)
    diagonal: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wide = np.ascontiguousarray(self.right.codes.T, dtype=np.float32)
        object.__setattr__(self, "wide", freeze(wide))
        object.__setattr__(self, "diagonal", freeze(dots(self.left, self.right)))

    @property
    def n_items(self) -> int:
        return len(self.left.codes)

    def product(self, columns: Columns, inputs: Floats) -> Floats:
        person = self.left.summed(columns, inputs)
        found = person.astype(np.float32) @ self.wide
        total: Floats = np.multiply(found, self.right.steps, dtype=np.float64)
        own = inputs * self.diagonal[columns]
        total[columns] = self.right.times(columns, person) - own
        if self.rest is not None:
            total += self.rest.product(columns, inputs)
        return total

    def cells(self, columns: Columns, candidate: int) -> Floats:
        target = self.right.rows(np.array([candidate]))[0]
        found: Floats = self.left.rows(columns) @ target
        if self.rest is not None:
            found += self.rest.cells(columns, candidate)
        return np.where(columns == candidate, 0.0, found)


def without_diagonal(matrix: Floats | Singles) -> DenseWeights:
    """Zero the diagonal of the matrix, in place; its rows are held row by row."""
    np.fill_diagonal(matrix, 0.0)
    return DenseWeights(freeze(np.ascontiguousarray(matrix, dtype=np.float32)))


def factor(left: Floats, right: Floats, rest: Neighbours | None) -> FactoredWeights:
    """Hold left @ right' + rest; left and right float64[n_items, r].

    The r directions are turned into as many others at random: their product is the
    same, no direction stands for one person or one group any more, and what a row
    holds is spread evenly over its numbers, which is easier to round. So is what both
    factors share alike: each direction is made as long in one as in the other.
    """
    lengths = np.linalg.norm(left, axis=0), np.linalg.norm(right, axis=0)
    least = np.finfo(np.float64).tiny
    first, second = (np.maximum(length, least) for length in lengths)
    even = np.sqrt(second / first)
    turn = rotation(left.shape[1], np.random.default_rng(TURN_SEED))
    one, two = (left * even) @ turn, (right / even) @ turn
    return FactoredWeights(round_rows(one), round_rows(two, TWO_BYTES), rest)


def rotation(r: int, rng: np.random.Generator) -> Floats:
    """float64[r, r]: orthogonal, each one as likely as any other (Mezzadri 2007)."""
    found, triangle = np.linalg.qr(rng.standard_normal((r, r)))
    signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return np.asarray(found * signs, dtype=np.float64)
