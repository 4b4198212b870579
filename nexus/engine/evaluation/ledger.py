"""What was measured, by person: from there to lines with intervals.

All contestants of a group must be measured on the same people in the same order;
only then may their differences be taken person by person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nexus.engine.arrays import Floats
from nexus.engine.evaluation.bootstrap import (
    Curve,
    Interval,
    difference_interval,
    draw_people,
    mean_interval,
)

Cell = Interval | float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One contestant in one group of cases; cells by the name of their column."""

    contestant: str
    group: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the report, with what to know for reading it."""

    key: str
    title: str
    notes: str
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Ledger:
    """Sums and counts of named figures, one entry per person, in order of arrival."""

    seed: int
    curves: Mapping[str, Curve] = field(default_factory=dict)
    entries: dict[tuple[str, str], list[Mapping[str, tuple[float, float]]]] = field(
        default_factory=dict
    )

    def add(self, contestant: str, group: str, figures: Mapping[str, float]) -> None:
        """Note one person's figures; NaN if there was nothing to measure."""
        self.add_sums(contestant, group, {k: (v, 1.0) for k, v in figures.items()})

    def add_sums(
        self, contestant: str, group: str, sums: Mapping[str, tuple[float, float]]
    ) -> None:
        """Note one person's (sum, count) by figure."""
        self.entries.setdefault((group, contestant), []).append(sums)

    def lines(self, *, compare: str | None = None) -> list[Line]:
        """A line per group and contestant, in order of first arrival.

        compare: the figure whose difference from the group's first contestant is added
        """
        groups = list(dict.fromkeys(group for group, _ in self.entries))
        return [line for group in groups for line in self._group(group, compare)]

    def _group(self, group: str, compare: str | None) -> list[Line]:
        names = [name for of, name in self.entries if of == group]
        n = len(self.entries[group, names[0]])
        people = draw_people(n, rng=np.random.default_rng([self.seed, n]))
        lines = []
        for name in names:
            cells: dict[str, Cell] = {
                key: mean_interval(
                    *self._columns(group, name, key),
                    people,
                    curve=self.curves.get(key, np.positive),
                )
                for key in self.entries[group, name][0]
            }
            if compare is not None:
                first = names[0]
                cells[f"{compare}, less {first}"] = (
                    None
                    if name == first
                    else (self._difference(group, name, first, compare, people))
                )
            lines.append(Line(name, group, cells))
        return lines

    def _difference(
        self, group: str, name: str, first: str, key: str, people: Floats
    ) -> Interval:
        mine, counts = self._columns(group, name, key)
        theirs, _ = self._columns(group, first, key)
        curve = self.curves.get(key, np.positive)
        return difference_interval(mine, theirs, counts, people, curve=curve)

    def _columns(self, group: str, name: str, key: str) -> tuple[Floats, Floats]:
        pairs = np.array([entry[key] for entry in self.entries[group, name]])
        return pairs[:, 0], pairs[:, 1]
