"""Goes on asking while TMDb is out, for a bounded time; shared by threads."""

import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from nexus.lib.errors import BadUpstreamError, UnavailableError
from nexus.tmdb import TmdbKeyRejected, TmdbNotConfigured, TmdbNotFound

T = TypeVar("T")

TRIES: Final = 4  # until it is asked whether TMDb is out at all
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 30.0


class Interrupted(Exception):
    def __init__(self) -> None:
        super().__init__("It was interrupted.")


class OutageTooLong(Exception):
    def __init__(self, seconds: float, last: Exception) -> None:
        super().__init__(f"TMDb has not answered for {seconds:.0f} s: {last}")


class Patience:
    """Asks again while TMDb fails, up to a limit; one for all threads of a run.

    `is_alive` asks TMDb for something that it always knows: what fails again right
    after that has itself to blame, and not an outage.
    """

    def __init__(self, limit_s: float, *, is_alive: Callable[[], bool]) -> None:
        self.limit_s = limit_s
        self.is_alive = is_alive
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.failing_since_s: float | None = None

    def ask(self, call: Callable[[], T]) -> T:
        """Return what the call returns.

        Raises TmdbNotFound; what the client raised if it is no outage, or if the key is
        the matter; OutageTooLong; and Interrupted.
        """
        tried, was_alive = 0, False
        while True:
            try:
                found = call()
            except TmdbNotFound:
                self.note_answer()
                raise
            except (TmdbKeyRejected, TmdbNotConfigured):
                raise
            except (BadUpstreamError, UnavailableError) as error:
                tried += 1
                if was_alive:
                    raise
                was_alive = tried >= TRIES and self.is_alive()
                if not was_alive:
                    self.endure(error, tried)
            else:
                self.note_answer()
                return found

    def note_answer(self) -> None:
        with self.lock:
            self.failing_since_s = None

    def endure(self, error: BadUpstreamError | UnavailableError, tried: int) -> None:
        """Wait before the next try; raises OutageTooLong and Interrupted."""
        with self.lock:
            self.failing_since_s = self.failing_since_s or time.monotonic()
            left_s = self.failing_since_s + self.limit_s - time.monotonic()
        if left_s <= 0:
            raise OutageTooLong(self.limit_s, error)
        asked_s = error.retry_after_s if isinstance(error, UnavailableError) else 0
        wait_s = max(asked_s, FIRST_WAIT_S * 2 ** (tried - 1))
        jitter = random.uniform(0.75, 1.0)  # noqa: S311  spreads threads, hides nothing
        if self.over.wait(min(wait_s, LONGEST_WAIT_S, left_s) * jitter):
            raise Interrupted
