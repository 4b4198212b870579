"""From log-odds to points that add up: Shapley shares and whole numbers."""

import math
from collections.abc import Sequence
from itertools import combinations


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
    return [_rate(base, parts, which) for which in range(len(parts))]


def _rate(base: float, parts: Sequence[float], which: int) -> float:
    others = [part for i, part in enumerate(parts) if i != which]
    total = 0.0
    for size in range(len(parts)):
        orders = math.factorial(size) * math.factorial(len(others) - size)
        for subset in combinations(others, size):
            total += orders * _slope(base + math.fsum(subset), parts[which])
    return 100 * total / math.factorial(len(parts))


def _slope(start: float, step: float) -> float:
    """(sigmoid(start + step) - sigmoid(start)) / step, its limit for small steps."""
    if abs(step) < 1e-5:
        middle = sigmoid(start + step / 2)
        return middle * (1 - middle)
    return (sigmoid(start + step) - sigmoid(start)) / step


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
