"""A member's last feeds, told again as long as nothing that they rest on is different.

What the member said is kept in the same way, for match scores: those are many, and in
between nothing is said.

The newest version of what the member said is read each time. The database changes it
with every row that is written: no write has to announce itself, and none can be missed.
Of the films the process hears, else nothing is kept. The clock counts, too: films come
of age.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

from nexus.accounts.models import User
from nexus.recommendations.films import STORE
from nexus.recommendations.members import version_said
from nexus.recommendations.serving import MODELS

MOST_BYTES: Final = 16 * 2**20
LONGEST_SHARE: Final = 1 / 100  # of all bytes; a longer answer is not kept
OVERHEAD_BYTES: Final = 1_500  # of key and basis, about, which callers may vary
CLOCK_STEP_S: Final = 60


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer rests on.

    said: the version of all that the member said
    heard: how many changes of the catalogue the process had heard of
    picture: the number of the one in use
    model: the version; None: the rules answer
    minute: of the clock
    """

    said: UUID | None
    heard: int
    picture: int
    model: str | None
    minute: int


def basis_for(user: User, *, now: datetime) -> Basis | None:
    """Return what holds now for the member; None where nothing may be kept.

    It is to be taken before anything of the answer is read.
    """
    heard = STORE.heard()
    if heard is None:
        return None
    picture = STORE.look(now=now)
    running = MODELS.running(now=now)
    return Basis(
        said=version_said(user),
        heard=heard,
        picture=picture.number,
        model=None if running is None else running.version,
        minute=int(now.timestamp()) // CLOCK_STEP_S,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    basis: Basis
    answer: Any
    size: int  # bytes


class Again:
    """Holds the last of all members; the longest unused ones go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.lock = Lock()
        self.clear()

    def clear(self) -> None:
        self.kept = OrderedDict[Hashable, Kept]()
        self.bytes = 0

    def find(self, key: Hashable, basis: Basis) -> Any | None:
        """Return what was answered on an equal basis."""
        with self.lock:
            found = self.kept.get(key)
            if found is None or found.basis != basis:
                return None
            self.kept.move_to_end(key)
            return found.answer

    def keep(self, key: Hashable, basis: Basis, answer: object, *, size: int) -> None:
        size += OVERHEAD_BYTES
        if size > self.most_bytes * LONGEST_SHARE:
            return
        with self.lock:
            self._drop(key)
            self.kept[key] = Kept(basis, answer, size)
            self.bytes += size
            while self.bytes > self.most_bytes or self._first_is_over(basis):
                self._drop(next(iter(self.kept)))

    def _first_is_over(self, basis: Basis) -> bool:
        """Say whether the longest unused one is of an earlier minute: told no more."""
        return next(iter(self.kept.values())).basis.minute < basis.minute

    def _drop(self, key: Hashable) -> None:
        found = self.kept.pop(key, None)
        if found is not None:
            self.bytes -= found.size


FEEDS: Final = Again()
MEMBERS: Final = Again()
