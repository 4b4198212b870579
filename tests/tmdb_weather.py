"""All the ways in which TMDb can fail, and how it becomes well again."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pytest_django import Settings

from tests.tmdb_server import Kind, TmdbServer

HANGING = {"slow", "hang", "dribble", "dribble_head"}
NOWHERE = ".invalid"  # no host name that ends so resolves: RFC 6761


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail, and the error it is for whoever cannot be answered otherwise."""

    name: str
    status: int = 503
    code: str = "tmdb_unavailable"
    retry_after: str | None = "5"
    asks: str | None = None  # TMDb's own Retry-After


def nonsense(name: str) -> Fault:
    return Fault(name, 502, "tmdb_bad_answer", None)


FAULTS = [
    Fault("401", code="tmdb_key_rejected", retry_after="300"),
    nonsense("404"),
    Fault("429"),
    Fault("429 wait", retry_after="77", asks="77"),
    Fault("500"),
    Fault("503"),
    nonsense("html"),
    nonsense("empty"),
    nonsense("truncated"),
    nonsense("wrong_types"),
    Fault("missing_blocks", 200, "", None),
    Fault("slow"),
    Fault("hang"),
    Fault("dribble"),
    Fault("dribble_head"),
    Fault("reset"),
    Fault("dns"),
    Fault("refused"),
]
# TMDb's own word on a film, and a film told in part, are no failures of TMDb.
HARMLESS = {"404", "missing_blocks"}


class Names:
    """Looks host names up without asking any server; those in `known` are ours."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.look_up_really = socket.getaddrinfo

    def look_up(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host in self.known:
            host = "127.0.0.1"
        if str(host).endswith(NOWHERE):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.look_up_really(host, *arguments, **options)


class Weather:
    """Makes TMDb fail, and well again at the same address."""

    def __init__(self, tmdb: TmdbServer, settings: Settings, names: Names) -> None:
        self.tmdb, self.settings, self.names = tmdb, settings, names
        self.servers = ExitStack()
        self.turn_good: Callable[[], None] = tmdb.recover

    def turn_bad(self, fault: Fault) -> None:
        if fault.name == "dns":
            self.lose_name()
        elif fault.name == "refused":
            self.lose_server()
        else:
            kind: Kind = fault.name.removesuffix(" wait")  # type: ignore[assignment]
            self.tmdb.fail(kind, retry_after=fault.asks)

    def lose_name(self) -> None:
        host = f"{uuid4()}{NOWHERE}"
        self.settings.TMDB_API_URL = self.tmdb.url.replace("127.0.0.1", host)
        self.turn_good = lambda: self.names.known.add(host)

    def lose_server(self) -> None:
        """Ask at a port that is taken, but where nobody listens."""
        taken = self.servers.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        self.settings.TMDB_API_URL = f"http://127.0.0.1:{port}/3"

        def start() -> None:
            taken.close()
            self.servers.enter_context(TmdbServer(port))

        self.turn_good = start
