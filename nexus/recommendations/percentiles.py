"""Scores of one kind put among those of another, each at its percentile."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


def nth_highest(values: Floats, n: int) -> float:
    """Return -infinity where there are fewer."""
    place = values.size - n
    return float(np.partition(values, place)[place]) if place >= 0 else -np.inf


def fit_in(
    scores: Floats,
    likes: Floats,
    stands_in: Bools,
    scale: Bools,
    *,
    least: float = -np.inf,
) -> Floats:
    """Give the films that stand in the score at their percentile of likes in the scale.

    Without any film in the scale, the likes are the scores. least: a score below which
    none is of interest; what would get one may be given NaN
    """
    # By number: a selection by truth values takes several times as long.
    measured = np.flatnonzero(scale)
    if not measured.size:
        return likes
    own = scores[measured]
    # Below the percentile at this place all scores are less than the least.
    first = max(int(np.count_nonzero(own < least)) - 2, 0)
    by_like, by_score = upwards(likes[measured], first), upwards(own, first)
    found = np.where(stands_in, np.nan, scores)
    if first:
        stands_in = stands_in & (likes >= by_like[0])
    places = np.flatnonzero(stands_in)
    # In ascending order they are found several times as fast.
    places = places[np.argsort(likes[places])]
    sought = likes[places]
    below = np.searchsorted(by_like, sought, side="left")
    upto = np.searchsorted(by_like, sought, side="right")
    share = (below + upto + 2 * (own.size - by_like.size)) / (2 * own.size)
    shares = np.linspace(0, 1, own.size)[own.size - by_score.size :]
    found[places] = np.interp(share, shares, by_score)
    return found


def upwards(values: Floats, place: int) -> Floats:
    """Return what is not below the value at that place of their order, in order."""
    return np.sort(values[values >= np.partition(values, place)[place]])
