"""The films a member has judged that are like a given film."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from nexus.engine.arrays import Floats, Ints
from nexus.engine.content import Content, similarities, similarity_lines

FAR = 0.15
CLOSE = 0.45


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Total weight and weighted stars of the neighbours: float64[films] each.

    A film is never its own neighbour.
    """

    weight: Floats
    stars: Floats


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
    return Neighbourhood(_sum_in_order(near), _sum_in_order(near * stars))


@dataclass(frozen=True, slots=True)
class Line:
    """The films near one film, ascending, and their `closeness`, above 0.

    films: in as many bytes as the number of all films takes
    """

    films: NDArray[np.unsignedinteger]
    weights: Floats


@dataclass(slots=True)
class NearLines:
    """Remembers the lines of films that were asked about: no member has a say in them.

    The longest unused go when there are more than `most` neighbours in all, of 10 bytes
    each in a catalogue of up to 65,536 films. Of 12,000 films each has some 1,100.
    """

    most: int = 6_000_000
    lines: dict[int, Line] = field(default_factory=dict)
    held: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, content: Content, judged: Ints) -> list[Line]:
        rows = judged.tolist()
        known = self.find(rows)
        new = [row for row in rows if row not in known]
        found = dict(
            zip(new, find_lines(content, np.array(new, np.int64)), strict=True)
        )
        self.remember(found)
        return [known.get(row) or found[row] for row in rows]

    def find(self, rows: Iterable[int]) -> dict[int, Line]:
        """Return those that are remembered, and put them behind all others."""
        with self.lock:
            found = {row: self.lines.pop(row) for row in rows if row in self.lines}
            self.lines.update(found)
        return found

    def remember(self, found: Mapping[int, Line]) -> None:
        with self.lock:
            for row, line in found.items():
                if row not in self.lines:
                    self.lines[row] = line
                    self.held += line.films.size
            while self.held > self.most:
                self.held -= self.lines.pop(next(iter(self.lines))).films.size

    def forget(self) -> None:
        """Hold nothing from now on: of a catalogue that another one has replaced.

        Who still has it in use finds each line anew.
        """
        with self.lock:
            self.most = self.held = 0
            self.lines.clear()


def find_lines(
    content: Content, judged: Ints, others: Content | None = None
) -> list[Line]:
    """Return the lines of the films at `judged`; others: as in `similarity_lines`."""
    if not judged.size:
        return []
    lines, found = [], similarity_lines(content, judged, others)
    kind = np.min_scalar_type((others or content).facts_of.size)
    for row, alike in zip(judged, found, strict=True):
        near = np.flatnonzero(alike > FAR)  # nine films of ten weigh nothing
        if others is None:
            near = near[near != row]
        lines.append(Line(near.astype(kind), closeness(alike[near])))
    return lines


def sum_lines(found: Sequence[Line], stars: Floats, *, size: int) -> Neighbourhood:
    """Return `neighbourhood` of all films of so large a catalogue, bit for bit.

    stars: of the films that the lines are of, in their order
    """
    if not found:
        return Neighbourhood(np.zeros(size), np.zeros(size))
    weights = np.concatenate([line.weights for line in found])
    films = np.concatenate([line.films for line in found], dtype=np.int32)
    ends = np.cumsum([0, *(line.films.size for line in found)], dtype=np.int32)
    # SciPy's own loop adds both sums up line by line, and needs no third large array.
    lines = csc_array((weights, films, ends), shape=(size, len(found)))
    sums = lines @ np.column_stack([np.ones(len(found)), stars])
    return Neighbourhood(*np.ascontiguousarray(sums.T))


def _sum_in_order(terms: Floats) -> Floats:
    # np.sum rounds differently from shape to shape, a running sum never does.
    if not terms.size:
        return np.zeros(len(terms))
    return np.cumsum(terms, axis=1)[:, -1]
