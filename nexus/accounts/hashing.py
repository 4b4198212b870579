"""Argon2id, by a few threads at a time.

Each password takes 100 MiB and all of a processor while it is hashed, and the threads
of a web process could hash two dozen: what is one's own memory would be everybody's
trouble. So two are hashed at a time; some wait for their turn, and whoever comes when
too many wait is told to come again, however good the password. Who sets a new one waits
in the middle of a transaction, as whoever wants the same row does then.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from nexus.lib.errors import UnavailableError

AT_A_TIME: Final = 2
RETRY_AFTER_S: Final = 2


class TooManyPasswords(UnavailableError):
    code = "busy"


class Turns:
    """Lets some in, and a few of these hash at a time."""

    def __init__(self, places: int) -> None:
        self.within = threading.BoundedSemaphore(places)
        self.hashing = threading.BoundedSemaphore(AT_A_TIME)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn; raises TooManyPasswords at once where too many do."""
        if not self.within.acquire(blocking=False):
            raise TooManyPasswords(
                "Too many passwords are being checked.", retry_after_s=RETRY_AFTER_S
            )
        try:
            with self.hashing:
                yield
        finally:
            self.within.release()


TURNS: Final = Turns(settings.PASSWORD_PLACES)


class Argon2InTurn(Argon2PasswordHasher):
    """Django's own, a few at a time; what it stored before is read as ever."""

    def encode(self, password: str, salt: str) -> str:
        with TURNS.one():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with TURNS.one():
            return super().verify(password, encoded)
