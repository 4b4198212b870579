"""The films a member has judged that are like a given film."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.content import Content, similarities, similarity_blocks

FAR = 0.15
CLOSE = 0.45


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Total weight, weighted stars and number of neighbours: float64[films] each.

    A film is never its own neighbour.
    """

    weight: Floats
    stars: Floats
    count: Floats


def closeness(similarity: Floats) -> Floats:
    """Weight of a neighbour, 0..1: ((s - .15) / .30)^2 between .15 and .45.

    A smooth kernel (Nadaraya 1964, Watson 1964): below .15 two films share no more
    than a common genre, at .45 they are sequels or of one maker and kind. A weight
    of 1 is one full neighbour, so the sum is their effective number.
    """
    return np.square(np.clip((similarity - FAR) / (CLOSE - FAR), 0.0, 1.0))


def neighbourhood(
    content: Content, judged: Ints, stars: Floats, rows: Ints | None
) -> Neighbourhood:
    """Sum over the judged films (rows) for the films asked about; None = all."""
    size = content.facts_of.size if rows is None else rows.size
    found = Neighbourhood(np.zeros(size), np.zeros(size), np.zeros(size))
    lines = _lines(content, judged, rows)
    # One film at a time: the sums are then the same for any choice of rows.
    for row, given, alike in zip(judged, stars, lines, strict=True):
        weight = closeness(alike)
        weight[row if rows is None else rows == row] = 0.0
        np.add(found.weight, weight, out=found.weight)
        np.add(found.stars, weight * given, out=found.stars)
        np.add(found.count, weight > 0, out=found.count)
    return found


def _lines(content: Content, judged: Ints, rows: Ints | None) -> Iterator[Floats]:
    if rows is None:
        return (line for block in similarity_blocks(content, judged) for line in block)
    if rows.size < judged.size:
        return iter(similarities(content, rows, judged).T)
    return iter(similarities(content, judged, rows))
