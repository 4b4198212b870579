"""The key stays between us and TMDb."""

import logging
import traceback

import pytest

from nexus.lib.errors import NexusError
from nexus.tmdb import TmdbNonsense, connect
from tests.tmdb_server import Kind, TmdbServer

KEYS = {"v3": TmdbServer.key, "v4": TmdbServer.token, "other": "a secret, too"}
KINDS: tuple[Kind, ...] = ("401", "429", "500", "html", "truncated", "reset", "hang")


def chain(error: BaseException | None) -> list[BaseException]:
    """The error and all that led to it, hidden ones included."""
    if error is None:
        return []
    return [error, *chain(error.__cause__), *chain(error.__context__)]


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_the_key_out_of_errors_and_logs(
    server: TmdbServer, caplog: pytest.LogCaptureFixture, kind: Kind, key: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail(kind)

    with (
        connect(key=key, base_url=server.url, timeout_s=0.15) as tmdb,
        pytest.raises(NexusError) as caught,
    ):
        tmdb.search("private wish")

    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    for error in chain(caught.value):
        told += f"{error} {error!r} {vars(error)}"
    assert key not in told
    assert "api_key" not in told
    assert len(chain(caught.value)) == 1


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_it_keeps_the_key_out_of_the_logs_of_success(
    server: TmdbServer, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")
    with connect(key=key, base_url=server.url) as tmdb:
        try:
            tmdb.movie(603)
        except NexusError:
            assert key == KEYS["other"]

    assert "HTTP Request" in caplog.text
    assert key not in caplog.text
    assert "api_key" not in caplog.text


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_it_keeps_the_key_out_of_its_repr(key: str) -> None:
    with connect(key=key, base_url="https://tmdb.test/3") as tmdb:
        assert key not in repr(tmdb)
        assert key not in repr(vars(tmdb))
        assert key not in repr(vars(tmdb._http))


def test_it_does_not_quote_an_answer(server: TmdbServer) -> None:
    server.fail("html")

    with (
        connect(key=server.key, base_url=server.url) as tmdb,
        pytest.raises(TmdbNonsense) as caught,
    ):
        tmdb.movie(603)

    assert "<" not in str(caught.value)


def test_it_logs_a_failed_try_without_the_query(
    server: TmdbServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="nexus.tmdb")
    server.fail("503", times=1)

    with connect(key=server.key, base_url=server.url) as tmdb:
        tmdb.search("private wish")

    said = [r.getMessage() for r in caplog.records if r.name.startswith("nexus")]
    assert said == ["GET /search/movie from TMDb failed: TMDb failed with status 503."]
