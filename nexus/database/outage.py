"""Whether the server answers: so that not everybody waits to learn that it does not."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

PAUSE_S: Final = 0.5  # between two looks, of all threads together


class Outage:
    """Of one process. While it lasts, one thread looks now and then for all."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.lock = Lock()
        self.next_look_at: float | None = None  # None: there is no outage
        self.is_looking = False

    @property
    def is_on(self) -> bool:
        return self.next_look_at is not None

    def may_look(self) -> bool:
        """Say whether this thread is to look; the others need not.

        Whoever may look says by `begin` or `end` what came of it. Until then nobody
        else looks: that can take seconds, where a server says nothing at all.
        """
        with self.lock:
            if self.next_look_at is None:
                return True
            if self.is_looking or self.clock() < self.next_look_at:
                return False
            self.is_looking = True
            return True

    def begin(self) -> None:
        with self.lock:
            self.next_look_at = self.clock() + PAUSE_S
            self.is_looking = False

    def end(self) -> None:
        with self.lock:
            self.next_look_at = None
            self.is_looking = False
