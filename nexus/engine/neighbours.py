"""The films a member has judged that are like a given film."""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.content import Content, similarities, similarity_lines

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


def nearness(content: Content, rows: Ints, judged: Ints) -> Floats:
    """`closeness` as float64[rows, judged]; 0 of a film to itself."""
    if rows.size <= judged.size:
        alike = similarities(content, rows, judged)
    else:
        alike = similarities(content, judged, rows).T
    return np.where(rows[:, np.newaxis] == judged, 0.0, closeness(alike))


def neighbourhood(near: Floats, stars: Floats) -> Neighbourhood:
    """Sum the `nearness` of the films asked about over the judged ones."""
    return Neighbourhood(
        weight=_sum_in_order(near),
        stars=_sum_in_order(near * stars),
        count=np.count_nonzero(near, axis=1).astype(np.float64),
    )


def neighbourhood_of_all(
    content: Content, judged: Ints, stars: Floats
) -> Neighbourhood:
    """Return `neighbourhood` of all films, bit for bit, a judged film at a time."""
    size = content.facts_of.size
    found = Neighbourhood(np.zeros(size), np.zeros(size), np.zeros(size))
    lines = similarity_lines(content, judged)
    for row, given, alike in zip(judged, stars, lines, strict=True):
        near = np.flatnonzero(alike > FAR)  # nine films of ten weigh nothing
        near = near[near != row]
        weight = closeness(alike[near])
        found.weight[near] += weight
        found.stars[near] += weight * given
        found.count[near] += 1
    return found


def _sum_in_order(terms: Floats) -> Floats:
    # np.sum rounds differently from shape to shape, a running sum never does.
    if not terms.size:
        return np.zeros(len(terms))
    return np.cumsum(terms, axis=1)[:, -1]
