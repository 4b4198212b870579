"""What the product acknowledged, to be held against what it stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[int, int]  # member and film
Stored: TypeAlias = int | None  # half-stars; None: no rating


@dataclass(slots=True)
class Ledger:
    """Of one connection: whoever writes here writes one thing after the other.

    A write without an answer may have happened or not; both are right then.
    """

    acknowledged: int = 0
    imported: set[int] = field(default_factory=set)
    ratings: dict[Key, set[Stored]] = field(default_factory=dict)

    def note(self, key: Key, value: Stored, *, is_answered: bool) -> None:
        if is_answered:
            self.acknowledged += 1
            self.ratings[key] = {value}
        elif key in self.ratings:
            self.ratings[key].add(value)

    def rated_by(self, member: int) -> list[int]:
        """Return films of which a rating of the member is stored for certain."""
        return [
            film
            for (who, film), values in self.ratings.items()
            if who == member and None not in values
        ]


def joined(ledgers: Iterable[Ledger]) -> Ledger:
    """Put them together: no two write for one member."""
    whole = Ledger()
    for one in ledgers:
        whole.acknowledged += one.acknowledged
        whole.imported |= one.imported
        whole.ratings |= one.ratings
    return whole


def lost_ratings(ledger: Ledger, stored: Mapping[Key, int]) -> list[str]:
    """Name every rating that is stored otherwise than it was acknowledged last."""
    return [
        f"member {member}, film {film}: {stored.get((member, film))} for {may_be}"
        for (member, film), may_be in sorted(ledger.ratings.items())
        if stored.get((member, film)) not in may_be
    ]


def lost_imports(ledger: Ledger, stored: Iterable[int]) -> list[str]:
    return [f"film {film}" for film in sorted(ledger.imported - set(stored))]
