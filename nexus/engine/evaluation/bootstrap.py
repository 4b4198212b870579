"""How sure a figure is: percentile intervals over people (Efron and Tibshirani 1993).

People are drawn with replacement, each with all that belongs to them, because one
person's ratings are no independent observations. Two models are compared on the same
draws: the interval of their difference is narrower than the intervals apart suggest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats

LEVEL = 0.95
DRAWS = 1000

Curve = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range it would fall in 95 times of 100 with other people."""

    value: float
    low: float
    high: float


def draw_people(n: int, *, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """float64[draws, n]: how often each person is in each draw; rows sum to n."""
    return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)


def interval(value: float, drawn: Floats) -> Interval:
    """The middle 95 % of what the draws gave; draws that gave NaN are left out."""
    said = drawn[~np.isnan(drawn)]
    if not said.size:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(said, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def mean_interval(
    sums: Floats, counts: Floats, people: Floats, *, curve: Curve = np.positive
) -> Interval:
    """Of curve(sum(sums) / sum(counts)); sums and counts are float64[n], by person.

    A mean over people has counts of 1; RMSE has sums of squares, the number of
    ratings and the square root. NaN sums (nothing to measure) count for nothing.
    """
    sums, counts = _measured(sums, counts)
    drawn = curve(_ratio(people @ sums, people @ counts))
    whole = curve(_ratio(sums.sum(keepdims=True), counts.sum(keepdims=True)))
    return interval(float(whole[0]), drawn)


def difference_interval(
    ours: Floats,
    theirs: Floats,
    counts: Floats,
    people: Floats,
    *,
    curve: Curve = np.positive,
) -> Interval:
    """Of curve(mean of ours) - curve(mean of theirs) over the same people each time."""
    ours, counts = _measured(np.where(np.isnan(theirs), np.nan, ours), counts)
    theirs = np.where(counts > 0, theirs, 0.0)
    totals = people @ counts
    drawn = curve(_ratio(people @ ours, totals)) - curve(
        _ratio(people @ theirs, totals)
    )
    n = counts.sum(keepdims=True)
    one, other = ours.sum(keepdims=True), theirs.sum(keepdims=True)
    return interval(float((curve(_ratio(one, n)) - curve(_ratio(other, n)))[0]), drawn)


def _measured(sums: Floats, counts: Floats) -> tuple[Floats, Floats]:
    missing = np.isnan(sums)
    return np.where(missing, 0.0, sums), np.where(missing, 0.0, counts)


def _ratio(sums: Floats, counts: Floats) -> Floats:
    """NaN where nothing was counted."""
    return sums / np.where(counts > 0, counts, np.nan)
