"""Lists that are not more of the same: variety, novelty, and what was achieved."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nexus.engine.arrays import Floats, Ids, Ints, check_count, check_share
from nexus.engine.catalogue import Catalogue
from nexus.engine.content import similarities


@dataclass(frozen=True, slots=True)
class Achieved:
    """What a list is like, both 0..1.

    intra_list_distance: mean of 1 - content(i, j) over all pairs; None below two films
    popularity:          mean popularity percentile; None for an empty list
    """

    intra_list_distance: float | None
    popularity: float | None


def diversify(
    catalogue: Catalogue,
    candidates: Ids,
    relevance: ArrayLike,
    *,
    diversity: float,
    n: int | None = None,
) -> Ints:
    """Pick n candidates (None: all) by maximal marginal relevance; ids, best first.

    Each next film has the largest (1 - d) * rel - d * (greatest content similarity
    to those picked), Carbonell & Goldstein 1998; rel is the relevance brought to 0..1
    over the candidates. d = 0 is plain relevance. Ties: relevance, then ascending
    id. ValueError for unknown or repeated candidates, a relevance that is not finite,
    or d outside 0..1.
    """
    check_share("diversity", diversity)
    check_count("n", n)
    rows = catalogue.rows_of(candidates)
    values = _finite(relevance, rows.size)
    order = np.lexsort((rows, -values))[: None if diversity else n]
    rows, values = rows[order], unit_scale(values[order])
    if diversity:
        alike = similarities(catalogue.content, rows, rows)
        rows = rows[_marginal(values, alike, diversity, rows.size if n is None else n)]
    return catalogue.ids[rows]


def _marginal(values: Floats, alike: Floats, diversity: float, n: int) -> list[int]:
    # argmax takes the first of equals: the candidates come by falling relevance.
    gain = (1 - diversity) * values
    nearest = np.zeros(values.size)
    picked: list[int] = []
    for _ in range(min(n, values.size)):
        best = int(np.argmax(gain - diversity * nearest))
        gain[best] = -np.inf
        picked.append(best)
        np.maximum(nearest, alike[best], out=nearest)
    return picked


def discount_popular(
    catalogue: Catalogue, film_ids: Ids, relevance: ArrayLike, *, novelty: float
) -> Floats:
    """Return rel * (1 - novelty * popularity percentile), rel brought to 0..1.

    0 leaves the order as it is; at 1 the best known film counts for nothing. Values in
    the order of the films, in 0..1. ValueError as in `diversify`.
    """
    check_share("novelty", novelty)
    rows = catalogue.rows_of(film_ids)
    values = unit_scale(_finite(relevance, rows.size))
    return values * (1 - novelty * catalogue.popularity[rows])


def achieved(catalogue: Catalogue, film_ids: Ids) -> Achieved:
    """Measure a list; the order of the films has no influence."""
    rows = np.sort(catalogue.rows_of(film_ids))
    if not rows.size:
        return Achieved(None, None)
    popularity = float(catalogue.popularity[rows].mean())
    if rows.size == 1:
        return Achieved(None, popularity)
    alike = similarities(catalogue.content, rows, rows)
    pairs = alike[np.triu_indices(rows.size, k=1)]
    return Achieved(float(1 - pairs.mean()), popularity)


def unit_scale(values: Floats) -> Floats:
    """Stretch the values to 0..1, lowest to highest; all 1 if they are equal."""
    if not values.size or values.min() == values.max():
        return np.ones(values.size)
    least, most = float(values.min()), float(values.max())
    return (values - least) / (most - least)


def _finite(relevance: ArrayLike, size: int) -> Floats:
    values = np.asarray(relevance, dtype=np.float64)
    if values.shape != (size,):
        raise ValueError(f"{size} films but relevance of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("relevance must be finite: leave out what cannot be scored")
    return values
