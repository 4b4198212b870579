from collections.abc import Iterator

import pytest

from nexus.tmdb import Tmdb, connect
from tests.tmdb_server import TmdbServer


@pytest.fixture(scope="session")
def running_server() -> Iterator[TmdbServer]:
    with TmdbServer() as server:
        yield server


@pytest.fixture
def server(running_server: TmdbServer) -> Iterator[TmdbServer]:
    films = dict(running_server.movies)
    yield running_server
    running_server.reset()
    running_server.movies = films


@pytest.fixture
def tmdb(server: TmdbServer) -> Iterator[Tmdb]:
    with connect(key=server.key, base_url=server.url) as client:
        yield client


@pytest.fixture
def hurried(server: TmdbServer) -> Iterator[Tmdb]:
    """A client that gives up early, for servers that never answer."""
    with connect(key=server.key, base_url=server.url, timeout_s=0.3) as client:
        yield client
