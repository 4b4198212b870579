import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from nexus.catalog import upstream
from nexus.catalog.breaker import Ending
from tests.builders import make_movie
from tests.client import Api
from tests.servers import free_port
from tests.tmdb_server import TmdbServer


@pytest.fixture
def no_cache(settings: Settings) -> None:
    """Point the cache at a port where nobody listens."""
    settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"


def test_it_works(api: Api, tmdb: TmdbServer) -> None:
    answer = api.get("/readyz")

    assert answer.status == 200
    assert answer.json == {
        "status": "ok",
        "parts": {
            "database": "ok",
            "cache": "ok",
            "tmdb": "ok",
            "tmdb_breaker": "closed",
        },
    }


@pytest.mark.parametrize("path", ["/readyz/", "/healthz", "/healthz/"])
def test_it_is_neither_counted_nor_cached(
    api: Api, settings: Settings, path: str
) -> None:
    settings.RATE_LIMITS = True

    answer = api.get(path)

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "RateLimit" not in answer.headers


def test_it_is_well_without_a_key(api: Api) -> None:
    answer = api.get("/readyz")

    assert answer.json["status"] == "ok"
    assert answer.json["parts"]["tmdb"] == "not_configured"


def test_it_is_degraded_while_tmdb_fails(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("401")
    api.get("/api/movies/603/")
    during = api.get("/readyz")
    tmdb.recover()
    api.get("/api/movies/603/")

    after = api.get("/readyz")

    assert (during.status, during.json["status"]) == (200, "degraded")
    assert during.json["parts"]["tmdb"] == "degraded"
    assert after.json["parts"]["tmdb"] == "ok"


def test_it_tells_that_tmdb_is_left_alone(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("500")
    for movie_id in range(603, 609):
        api.get(f"/api/movies/{movie_id}/")

    answer = api.get("/readyz")

    assert answer.json["parts"]["tmdb_breaker"] == "open"
    told = api.get("/metrics").response.content.decode()
    assert "nexus_tmdb_breaker_open 1.0" in told
    assert 'nexus_tmdb_calls_total{kind="movie",outcome="failure"}' in told


def test_the_metric_of_the_breaker_is_as_of_now(api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("500")
    for movie_id in range(603, 609):
        api.get(f"/api/movies/{movie_id}/")
    upstream.breaker().record(Ending("success", was_probe=True), now_s=0)

    told = api.get("/metrics").response.content.decode()

    assert "nexus_tmdb_breaker_open 0.0" in told


@pytest.mark.usefixtures("no_cache")
def test_it_is_degraded_without_the_cache(api: Api) -> None:
    answer = api.get("/readyz")

    assert (answer.status, answer.json["status"]) == (200, "degraded")
    assert answer.json["parts"]["cache"] == "degraded"


@pytest.mark.usefixtures("no_cache", "genres")
@pytest.mark.parametrize(
    "path",
    ["/movies/", "/movies/1/", "/movies/trending/", "/movies/top_rated/", "/genres/"],
)
def test_every_read_answers_without_the_cache(
    api: Api, tmdb: TmdbServer, path: str
) -> None:
    make_movie(1, fetched_at=None)

    answer = api.get(f"/api{path}")

    assert answer.status == 200
    assert answer.json


@pytest.mark.usefixtures("no_cache")
def test_tmdb_is_searched_without_the_cache(
    owner_api: Api, tmdb: TmdbServer, settings: Settings
) -> None:
    settings.RATE_LIMITS = True

    assert owner_api.get("/api/tmdb/search/", query="matrix").json["count"] == 2
    assert owner_api.post("/api/tmdb/import/", {"tmdb_id": 603}).status == 201


def test_it_is_unavailable_without_the_database(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", refuse)

        answer = api.get("/readyz")

    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
