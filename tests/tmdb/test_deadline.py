from collections.abc import Iterator

import httpx
import pytest

from nexus.tmdb.deadline import Deadline, DeadlineTransport, within
from tests.tmdb.transports import Clock
from tests.tmdb_server import TmdbServer


@pytest.fixture
def http(server: TmdbServer) -> Iterator[httpx.Client]:
    params = {"api_key": server.key}
    transport = DeadlineTransport()
    with httpx.Client(base_url=server.url, params=params, transport=transport) as http:
        yield http


def test_it_binds_nobody_outside_of_a_call(http: httpx.Client) -> None:
    assert http.get("/configuration").status_code == 200


def test_it_opens_no_connection_too_late(http: httpx.Client) -> None:
    with within(Deadline(0.0, clock=Clock())), pytest.raises(httpx.ConnectTimeout):
        http.get("/configuration")


def test_it_ends_with_the_call(http: httpx.Client, server: TmdbServer) -> None:
    with within(Deadline(0.0, clock=Clock())), pytest.raises(httpx.TimeoutException):
        http.get("/configuration")

    assert http.get("/configuration").status_code == 200
    assert server.calls == {"/configuration": 1}
