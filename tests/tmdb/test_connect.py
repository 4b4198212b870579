import pytest

from nexus.tmdb import TmdbKeyRejected, TmdbNotConfigured, connect
from tests.tmdb_server import TmdbServer


def test_it_sends_a_v3_key_as_parameter(server: TmdbServer) -> None:
    with connect(key=f" {server.key}\n", base_url=server.url) as tmdb:
        tmdb.movie(603)

    assert server.asked[0].params["api_key"] == server.key
    assert server.asked[0].authorization is None


def test_it_sends_a_read_token_as_bearer(server: TmdbServer) -> None:
    with connect(key=server.token, base_url=server.url) as tmdb:
        tmdb.movie(603)

    assert "api_key" not in server.asked[0].params
    assert server.asked[0].authorization == f"Bearer {server.token}"


@pytest.mark.parametrize(
    "key", ["standin-key", "a.b", "ключ", "a b&c=d#e", "x.y.z\x00"]
)
def test_it_takes_any_other_text_for_a_v3_key(server: TmdbServer, key: str) -> None:
    with connect(key=key, base_url=server.url) as tmdb, pytest.raises(TmdbKeyRejected):
        tmdb.movie(603)

    assert server.asked[0].params["api_key"] == key


@pytest.mark.parametrize("key", ["", "  \n"])
def test_it_needs_a_key(key: str) -> None:
    with pytest.raises(TmdbNotConfigured) as caught:
        connect(key=key, base_url="https://tmdb.test/3")

    assert caught.value.code == "tmdb_not_configured"


@pytest.mark.parametrize("base_url", ["", "tmdb.test/3", "ftp://tmdb.test", "http://"])
def test_it_needs_a_web_address(base_url: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        connect(key="k", base_url=base_url)


def test_it_accepts_an_address_with_a_slash_at_the_end(server: TmdbServer) -> None:
    with connect(key=server.key, base_url=server.url + "/") as tmdb:
        assert tmdb.movie(603).title == "The Matrix"


def test_it_keeps_one_connection(server: TmdbServer) -> None:
    with connect(key=server.key, base_url=server.url) as tmdb:
        tmdb.movie(603)
        tmdb.movie(604)

        assert len(server._http._open) == 1


def test_it_is_closed_after_use(server: TmdbServer) -> None:
    tmdb = connect(key=server.key, base_url=server.url)
    tmdb.close()

    with pytest.raises(RuntimeError, match="closed"):
        tmdb.movie(603)


def test_it_goes_through_the_proxy_of_the_environment(
    server: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "")

    with connect(key=server.key, base_url="http://tmdb.test/3") as tmdb:
        assert tmdb.movie(603).title == "The Matrix"


def test_it_goes_around_the_proxy_where_told(
    server: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    with connect(key=server.key, base_url=server.url) as tmdb:
        assert tmdb.movie(603).title == "The Matrix"
