"""Copies of the catalogue that a process keeps until it hears of a change."""

from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, Protocol

UNTOLD_S = 0.4  # where nobody would tell that it is wrong


@dataclass(frozen=True, slots=True)
class Copy:
    """lasts: no change makes it wrong, as it never was exact; only its time is over."""

    found: Any
    at: float
    keep_s: float
    lasts: bool


class Hearing(Protocol):
    def hears(self) -> bool:
        """Say whether it would have been told of a change, and to forget."""
        ...


class Copies:
    """What was counted or read, until it is forgotten; what was begun before that, too.

    Nobody changes what is kept: it is told as it is, not anew as by Django's caches.
    """

    MOST = 2_000

    def __init__(self) -> None:
        self.lock = Lock()
        self.clear()

    def clear(self) -> None:
        self.changes: Hearing | None = None
        self.kept: dict[Hashable, Copy] = {}
        self.times_forgotten = 0

    def listen_to(self, changes: Hearing) -> None:
        """Keep for longer than a moment, as long as these tell when to forget."""
        self.changes = changes

    def forget(self) -> None:
        """Forget all that a change may have made wrong."""
        with self.lock:
            self.times_forgotten += 1
            self.kept = {name: one for name, one in self.kept.items() if one.lasts}

    def find(self, name: Hashable) -> Any:
        """Return what is kept; None where there is none."""
        kept = self.kept.get(name)
        if kept is None:
            return None
        is_told = kept.lasts or (self.changes is not None and self.changes.hears())
        keep_s = kept.keep_s if is_told else min(kept.keep_s, UNTOLD_S)
        return kept.found if monotonic() - kept.at < keep_s else None

    def keep(
        self,
        name: Hashable,
        found: object,
        *,
        keep_s: float,
        since: int,
        lasts: bool = False,
    ) -> None:
        with self.lock:
            if since != self.times_forgotten and not lasts:
                return
            self.kept.pop(name, None)
            self.kept[name] = Copy(found, monotonic(), keep_s, lasts)
            if len(self.kept) > self.MOST:
                del self.kept[next(iter(self.kept))]


COPIES: Final = Copies()
