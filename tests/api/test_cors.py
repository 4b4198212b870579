"""Which pages of other origins may read answers: those the operator names."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.client import Answer, Api

ORIGIN = "https://films.example.org"
OTHERS = [
    "https://evil.example",
    "http://films.example.org",
    "https://films.example.org:8443",
    "https://films.example.org.evil.example",
    "https://a.films.example.org",
    "https://evilfilms.example.org",
    "null",
    "https://[",
    "*",
]
PATHS = ["/api/movies/", "/movies", "/api/ratings/", "/api/nothing", "/openapi.json"]


@pytest.fixture(autouse=True)
def one_origin(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(origin: str, method: str = "PUT", headers: str = "if-match") -> Answer:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return Answer(Client().options("/api/ratings/", headers=asked))


def grants(answer: Answer) -> dict[str, str]:
    return {
        name: value
        for name, value in answer.headers.items()
        if name.startswith("access-control")
    }


@pytest.mark.parametrize("path", PATHS)
def test_it_works(api: Api, path: str) -> None:
    answer = api.get(path, headers={"Origin": ORIGIN})

    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_it_shows_the_headers_that_clients_need(owner_api: Api) -> None:
    answer = owner_api.get("/api/ratings/", headers={"Origin": ORIGIN})

    shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "RateLimit", "Retry-After", "X-Request-ID"} <= set(shown)


@pytest.mark.parametrize("origin", OTHERS)
def test_it_grants_other_origins_nothing(owner_api: Api, origin: str) -> None:
    answer = owner_api.get("/api/ratings/", headers={"Origin": origin})

    assert grants(answer) == {}
    assert grants(preflight(origin)) == {}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example", None])
def test_caches_tell_origins_apart(api: Api, path: str, origin: str | None) -> None:
    answer = api.get(path, headers={"Origin": origin} if origin else {})

    assert "origin" in answer.headers["Vary"].lower().split(", ")


def test_it_is_nobodys_by_default(api: Api, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []

    answer = api.get("/api/movies/", headers={"Origin": ORIGIN})

    assert grants(answer) == {}


def test_a_preflight_is_answered_and_remembered() -> None:
    answer = preflight(ORIGIN)

    granted = grants(answer)
    assert answer.status == 200
    assert granted["access-control-allow-origin"] == ORIGIN
    assert "PUT" in granted["access-control-allow-methods"].split(", ")
    assert "if-match" in granted["access-control-allow-headers"].split(", ")
    assert int(granted["access-control-max-age"]) >= 3600
    assert "access-control-allow-credentials" not in granted


def test_a_preflight_of_nobody_is_granted_nothing() -> None:
    asked = {"Access-Control-Request-Method": "PUT"}

    answer = Answer(Client().options("/api/ratings/", headers=asked))

    assert answer.status == 200
    assert grants(answer) == {}
    assert answer.headers["Vary"] == "origin"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FROB"])
def test_a_preflight_grants_no_unknown_method(method: str) -> None:
    granted = grants(preflight(ORIGIN, method=method))

    assert method not in granted["access-control-allow-methods"]


@pytest.mark.parametrize("header", ["x-forwarded-for", "cookie", "x-frob"])
def test_a_preflight_grants_no_unknown_header(header: str) -> None:
    granted = grants(preflight(ORIGIN, headers=header))

    assert header not in granted["access-control-allow-headers"]
