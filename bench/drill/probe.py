"""Asks whether the web server lives, as an orchestrator does that would end it."""

from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event
from time import monotonic
from typing import Final

PAUSE_S: Final = 0.1
PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Probe:
    port: int
    asked: int = 0
    failed: int = 0
    slowest_s: float = 0.0

    def ask_until(self, over: Event) -> None:
        while not over.wait(PAUSE_S):
            began = monotonic()
            self.asked += 1
            self.failed += not self.lives()
            self.slowest_s = max(self.slowest_s, monotonic() - began)

    def lives(self) -> bool:
        place = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with closing(place) as connection:
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except (OSError, HTTPException):
                return False
