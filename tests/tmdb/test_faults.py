"""Every way in which TMDb fails, over real connections."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from nexus.lib.errors import NexusError
from nexus.tmdb import (
    Tmdb,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotFound,
    TmdbUnavailable,
    connect,
)
from tests.tmdb_server import Kind, TmdbServer

OPERATIONS: dict[str, Callable[[Tmdb], object]] = {
    "movie": lambda tmdb: tmdb.movie(603),
    "search": lambda tmdb: tmdb.search("matrix"),
    "trending": lambda tmdb: tmdb.trending("week"),
    "recommendations": lambda tmdb: tmdb.recommendations(603),
    "genres": lambda tmdb: tmdb.genres(),
    "changes": lambda tmdb: tmdb.changes(date(2025, 3, 3), date(2025, 3, 4)),
    "person": lambda tmdb: tmdb.person(1_000),
    "configuration": lambda tmdb: tmdb.configuration(),
}

# The error that ends the call, and how often TMDb is asked until then.
FAULTS: dict[Kind, tuple[type[NexusError], int]] = {
    "401": (TmdbKeyRejected, 1),
    "429": (TmdbUnavailable, 2),
    "500": (TmdbUnavailable, 2),
    "503": (TmdbUnavailable, 2),
    "html": (TmdbNonsense, 1),
    "empty": (TmdbNonsense, 1),
    "truncated": (TmdbNonsense, 2),
    "wrong_types": (TmdbNonsense, 1),
    "reset": (TmdbUnavailable, 2),
}
ENDLESS: tuple[Kind, ...] = ("slow", "hang", "dribble", "dribble_head")


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus.tmdb.fetch.FIRST_BACKOFF_S", 0.0)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", FAULTS)
def test_it_raises_our_error(
    tmdb: Tmdb, server: TmdbServer, kind: Kind, operation: str
) -> None:
    error, n_calls = FAULTS[kind]
    server.fail(kind)

    with pytest.raises(error) as caught:
        OPERATIONS[operation](tmdb)

    assert type(caught.value) is error
    assert server.calls.total() == n_calls


@pytest.mark.parametrize("kind", ["429", "500", "503", "truncated", "reset"])
def test_it_tries_again(tmdb: Tmdb, server: TmdbServer, kind: Kind) -> None:
    server.fail(kind, times=1)

    assert tmdb.movie(603).title == "The Matrix"
    assert server.calls["/movie/603"] == 2


@pytest.mark.parametrize("kind", ENDLESS)
def test_it_keeps_the_deadline(hurried: Tmdb, server: TmdbServer, kind: Kind) -> None:
    server.fail(kind)
    begun = time.monotonic()

    with pytest.raises(TmdbUnavailable, match="did not answer in time"):
        hurried.movie(603)

    assert time.monotonic() - begun < 1
    assert server.calls["/movie/603"] == 1


@pytest.mark.parametrize("kind", [*FAULTS, *ENDLESS])
def test_it_works_again_after_the_fault(
    hurried: Tmdb, server: TmdbServer, kind: Kind
) -> None:
    server.fail(kind)
    with pytest.raises(NexusError):
        hurried.movie(603)
    server.recover()

    assert hurried.movie(603).title == "The Matrix"


@pytest.mark.parametrize("operation", ["movie", "recommendations", "person"])
def test_it_raises_not_found_on_tmdbs_own_404(
    tmdb: Tmdb, server: TmdbServer, operation: str
) -> None:
    server.fail("404")

    with pytest.raises(TmdbNotFound):
        OPERATIONS[operation](tmdb)

    assert server.calls.total() == 1


@pytest.mark.parametrize("operation", ["search", "trending", "genres", "configuration"])
def test_it_does_not_believe_that_a_list_is_gone(
    tmdb: Tmdb, server: TmdbServer, operation: str
) -> None:
    server.fail("404")

    with pytest.raises(TmdbNonsense):
        OPERATIONS[operation](tmdb)


def test_it_takes_another_servers_404_for_nonsense(
    tmdb: Tmdb, server: TmdbServer
) -> None:
    server.fail("html", status=404)

    with pytest.raises(TmdbNonsense):
        tmdb.movie(603)


def test_it_hands_on_how_long_to_wait(tmdb: Tmdb, server: TmdbServer) -> None:
    server.fail("429", retry_after="30")

    with pytest.raises(TmdbUnavailable) as caught:
        tmdb.movie(603)

    assert caught.value.retry_after_s == 30
    assert server.calls["/movie/603"] == 1


def test_it_waits_as_told_when_there_is_time(tmdb: Tmdb, server: TmdbServer) -> None:
    server.fail("429", times=1, retry_after="0")

    assert tmdb.movie(603).title == "The Matrix"


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_it_is_unavailable_when_nobody_listens() -> None:
    with (
        closed_port() as port,
        connect(key="k", base_url=f"http://127.0.0.1:{port}/3") as tmdb,
        pytest.raises(TmdbUnavailable, match=r"^TMDb cannot be reached\.$"),
    ):
        tmdb.movie(603)


def test_it_keeps_the_deadline_while_encryption_is_agreed() -> None:
    begun = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"https://127.0.0.1:{mute.getsockname()[1]}/3"

        with (
            connect(key="k", base_url=address, timeout_s=0.15) as tmdb,
            pytest.raises(TmdbUnavailable, match="did not answer in time"),
        ):
            tmdb.movie(603)

    assert time.monotonic() - begun < 1


def test_it_survives_a_connection_that_died_between_calls() -> None:
    with TmdbServer() as other, connect(key=other.key, base_url=other.url) as tmdb:
        tmdb.movie(603)
        other._http.close_connections()

        assert tmdb.movie(603).title == "The Matrix"
