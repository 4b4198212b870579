"""A caller in front of the edge, as the web server would hand the request over."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test import RequestFactory
from django.utils.datastructures import CaseInsensitiveMapping

from nexus.api.edge.changes import Changes, connect
from nexus.api.edge.gate import Gate, mark_of_site
from nexus.api.edge.shelf import Shelf
from nexus.catalog.copies import COPIES
from nexus.catalog.queries import forget_copies

PATIENCE_S = 20.0  # on a busy machine


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: CaseInsensitiveMapping[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def titles(self) -> list[str]:
        return [movie["title"] for movie in self.json["results"]]


class Caller:
    """Asks a gate around all of Django; `made` counts what Django answered."""

    def __init__(self, changes: Changes, *, most_bytes: int = 2**20) -> None:
        self.made = 0
        self.now = 1000.0
        self.changes = changes
        self.django: Any = WSGIHandler()
        self.fails = False
        self.inner = self.answer
        self.gate = Gate(
            application=self.ask,
            shelf=Shelf(most_bytes=most_bytes),
            changes=changes,
            mark=mark_of_site(),
            clock=lambda: self.now,
        )

    def ask(self, environ: Any, start_response: Any) -> Any:
        return self.inner(environ, start_response)

    def answer(self, environ: Any, start_response: Any) -> Any:
        self.made += 1
        if self.fails:
            start_response("503 Service Unavailable", [])
            return [b""]
        return self.django(environ, start_response)

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Ask; headers are named as in WSGI, such as HTTP_ORIGIN."""
        environ = RequestFactory().generic(method, path).environ
        environ |= {"HTTP_HOST": "localhost"} | headers
        told: list[Any] = []
        body = b"".join(self.gate(environ, lambda *said: told.extend(said)))
        return Reply(int(told[0][:3]), CaseInsensitiveMapping(told[1]), body)

    def wait_for_change(self, before: int) -> float:
        """Return after how many seconds the process knew of a change."""
        began_at = monotonic()
        while self.changes.generation == before:
            assert monotonic() < began_at + PATIENCE_S, "nobody told of the change"
        return monotonic() - began_at

    @contextmanager
    def change(self) -> Iterator[None]:
        """Commit what is done within as one change, and wait until it is known."""
        before = self.changes.generation
        with transaction.atomic():
            yield
        self.wait_for_change(before)


@contextmanager
def heard() -> Iterator[Changes]:
    """Listen as a web process does; begins once it hears itself."""
    changes = Changes(connect, forget=forget_copies)
    COPIES.listen_to(changes)
    changes.start()
    try:
        give_up_at = monotonic() + PATIENCE_S
        while not changes.hears():
            assert monotonic() < give_up_at, "it does not hear itself"
        yield changes
    finally:
        changes.stop()


def unstarted(*, hears: bool) -> Changes:
    """Return one without a connection, which hears always or never."""
    changes = Changes(refuse)
    changes.heard_at = float("inf" if hears else "-inf")
    return changes


def refuse() -> psycopg.Connection[Any]:
    raise psycopg.OperationalError("no connection")
