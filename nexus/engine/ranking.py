"""From scores to a list: the first n under a total order."""

import numpy as np
from numpy.typing import ArrayLike

from nexus.engine.arrays import Floats, Ids, Ints, as_ids, check_count


def top_n(ids: Ids, scores: ArrayLike, n: int) -> Ints:
    """Return the ids of the n highest scores, best first, ties by ascending id.

    NaN means "cannot say" and is never listed. The order of the input has no
    influence. ValueError if n is negative, an id is given twice or lengths differ.
    """
    found, values = as_ids(ids), np.asarray(scores, dtype=np.float64)
    check_count("n", n)
    if found.shape != values.shape:
        raise ValueError(f"{found.size} ids but {values.size} scores")
    keep = ~np.isnan(values)
    found, values = found[keep], values[keep]
    reach = _reaching(values, n)
    found, values = found[reach], values[reach]
    return found[np.lexsort((found, -values))][:n]


def _reaching(values: Floats, n: int) -> Ints:
    # All ties of the n-th value stay in: which of them is listed is for the ids to say.
    if n == 0 or n >= values.size:
        return np.arange(values.size)
    nth = np.partition(values, values.size - n)[values.size - n]
    return np.flatnonzero(values >= nth)
