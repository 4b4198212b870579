"""How good a film is said to be, and how well known: votes and popularity."""

import numpy as np

from nexus.engine.arrays import Floats

PRIOR_VOTES = 100.0
USUAL_AVERAGE = 6.5
USUAL_WEIGHT = 10.0
UNKNOWN_PERCENTILE = 0.5


def prior_average(averages: Floats, counts: Floats) -> float:
    """Mean vote average (0..10) of the films with votes, a usual one if few have.

    (10 * 6.5 + sum of averages) / (10 + number of averages): ten imagined usual films
    keep a catalogue of a handful of films from being its own yardstick.
    """
    known = averages[counts > 0]
    total = USUAL_WEIGHT * USUAL_AVERAGE + float(known.sum())
    return total / (USUAL_WEIGHT + known.size)


def bayesian_average(averages: Floats, counts: Floats, prior: float) -> Floats:
    """(v * R + m * C) / (v + m): the average R of v votes, drawn to C by m = 100.

    The posterior mean under a conjugate prior worth m votes; without votes it is C.
    """
    votes_sum = np.where(counts > 0, counts * averages, 0.0)
    return (votes_sum + PRIOR_VOTES * prior) / (counts + PRIOR_VOTES)


def percentiles(values: Floats, among: Floats | None = None) -> Floats:
    """Share of the known values below each one, ties counted half; in 0..1.

    NaN is an unknown value; it is given 0.5, neither well known nor obscure. among: the
    values to compare with, known and ascending; by default these very ones.
    """
    result = np.full(values.shape, UNKNOWN_PERCENTILE)
    known = ~np.isnan(values)
    ordered = known_in_order(values) if among is None else among
    if ordered.size:
        below = np.searchsorted(ordered, values[known], side="left")
        upto = np.searchsorted(ordered, values[known], side="right")
        result[known] = (below + upto) / (2 * ordered.size)
    return result


def known_in_order(values: Floats) -> Floats:
    return np.sort(values[~np.isnan(values)])
