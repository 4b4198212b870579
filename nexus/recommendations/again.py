"""A member's last feeds, told again as long as nothing that they rest on is different.

What the member said is read and compared each time: no write has to announce itself,
and none can be missed. Of the films the process hears, else nothing is kept. The clock
counts, too: films come of age.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final

from nexus.recommendations.films import STORE
from nexus.recommendations.members import Member
from nexus.recommendations.serving import MODELS

MOST_KEPT: Final = 1_000  # some 15 kB each
KEPT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer rests on.

    films: how many changes of the catalogue were heard, and which picture is in use
    model: the version; None: the rules answer
    minute: of the clock
    """

    member: Member
    films: tuple[int, int]
    model: str | None
    minute: int


def basis_for(member: Member, *, now: datetime) -> Basis | None:
    """Return what holds now; None where nothing may be kept.

    It is to be taken before anything of the answer is read.
    """
    heard = STORE.heard()
    if heard is None or not (member.taste.rated or member.is_known):
        return None
    picture = STORE.look(now=now)
    running = MODELS.running(now=now)
    version = None if running is None else running.version
    minute = int(now.timestamp()) // KEPT_S
    return Basis(member, (heard, picture.number), version, minute)


class Again:
    """Holds the last answers of all members; the longest unused ones go first."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.clear()

    def clear(self) -> None:
        self.kept = OrderedDict[Hashable, tuple[Basis, Any]]()

    def find(self, key: Hashable, basis: Basis | None) -> Any | None:
        """Return what was answered on an equal basis."""
        with self.lock:
            found = self.kept.get(key)
            if found is None:
                return None
            self.kept.move_to_end(key)
        return found[1] if found[0] == basis else None

    def keep(self, key: Hashable, basis: Basis | None, answer: object) -> None:
        if basis is None:
            return
        with self.lock:
            self.kept[key] = basis, answer
            self.kept.move_to_end(key)
            if len(self.kept) > MOST_KEPT:
                self.kept.popitem(last=False)


FEEDS: Final = Again()
