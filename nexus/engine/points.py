"""From log-odds to points that add up: Shapley shares and whole numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


def sigmoid(log_odds: float) -> float:
    """1 / (1 + exp(-x)), without overflow for any finite x."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    grown = math.exp(log_odds)
    return grown / (1 + grown)


def shapley_points(base: float, parts: Sequence[float]) -> list[float]:
    """Share 100 * (sigmoid(base + sum(parts)) - sigmoid(base)) among the parts.

    Each part's mean gain over all orders in which the parts may be added (Shapley
    1953): exact, no part favoured by its place, a part of 0 gets 0 and its sign is
    kept. 2^(n-1) subsets per part: meant for a handful of them.
    """
    return [
        part * rate for part, rate in zip(parts, point_rates(base, parts), strict=True)
    ]


def point_rates(base: float, parts: Sequence[float]) -> list[float]:
    """Points per unit of log-odds of each part: its Shapley share / its size.

    Where the part is 0 this is the limit, so that opposite causes within a part that
    cancel out still have their points. Always positive.
    """
    sums = [
        base + math.fsum(parts[at] for at in subset) for subset in _subsets(len(parts))
    ]
    shares = [sigmoid(log_odds) for log_odds in sums]
    return [
        100
        * sum(
            step.weight * _slope(sums[step.before], parts[which], shares, step)
            for step in steps
        )
        for which, steps in enumerate(_steps(len(parts)))
    ]


@dataclass(frozen=True, slots=True)
class _Step:
    """Adding a part to a subset: places in `_subsets`, and its share of all orders."""

    before: int
    after: int
    weight: float


@cache
def _subsets(n: int) -> list[tuple[int, ...]]:
    """All subsets of n parts; bit i of a place says whether part i is in it."""
    return [tuple(at for at in range(n) if place >> at & 1) for place in range(1 << n)]


@cache
def _steps(n: int) -> list[list[_Step]]:
    """For each of n parts all the steps that add it."""
    return [
        [
            _Step(before, before | 1 << which, _weight(len(subset), n))
            for before, subset in enumerate(_subsets(n))
            if which not in subset
        ]
        for which in range(n)
    ]


def _weight(size: int, n: int) -> float:
    """The share of the n! orders in which just these `size` parts come before."""
    return math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)


def _slope(start: float, part: float, shares: Sequence[float], step: _Step) -> float:
    """(sigmoid(start + part) - sigmoid(start)) / part, its limit for small parts."""
    if abs(part) < 1e-5:
        middle = sigmoid(start + part / 2)
        return middle * (1 - middle)
    return (shares[step.after] - shares[step.before]) / part


def whole_points(parts: Sequence[float], total: int) -> list[int]:
    """Round the parts to integers that sum to `total`, by largest remainder.

    Hamilton's method: round all down, then give the missing units to the largest
    remainders, ties to the earlier part. If total is the rounded sum of the parts,
    each result is less than 1 from its part, and whole parts stay as they are.
    """
    floors = [math.floor(part) for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (floors[i] - parts[i], i))
    missing = total - sum(floors)
    if not 0 <= missing <= len(parts):
        raise ValueError(f"{total} is not the rounded sum of {list(parts)}")
    for i in by_remainder[:missing]:
        floors[i] += 1
    return floors
