"""What is worth saying once, however many meet it."""

from collections.abc import Callable
from threading import Lock
from time import monotonic


class Seldom:
    """Of one process; any of its threads may ask.

    pause_s: how long nobody may after somebody did
    """

    def __init__(
        self, pause_s: float, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self.pause_s = pause_s
        self.clock = clock
        self.lock = Lock()
        self.next_at = float("-inf")

    def may(self) -> bool:
        with self.lock:
            now = self.clock()
            if now < self.next_at:
                return False
            self.next_at = now + self.pause_s
            return True
