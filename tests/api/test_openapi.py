"""The document is complete, valid, and says what the code does."""

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from nexus.api.examples import EXAMPLES

CONTRACT = """
post /api/auth/register/
post /api/auth/login/
post /api/auth/token/
post /api/auth/token/refresh/
post /api/auth/token/verify/
post /api/auth/logout/
get /api/auth/sessions/
delete /api/auth/sessions/
delete /api/auth/sessions/{id}/
post /api/auth/password/change/
post /api/auth/password/reset/
post /api/auth/password/reset/confirm/
post /api/auth/email/verify/
post /api/auth/email/verify/confirm/
get patch put /api/user/profile/
get patch put delete /api/profiles/me/
get post put patch delete /api/user/preferences/
get post /api/user/history/
delete /api/user/history/{id}/
get post /api/user/hidden/
delete /api/user/hidden/{movie_id}/
get /api/user/onboarding/
post /api/user/onboarding/skips/
delete /api/user/onboarding/skips/{movie_id}/
get /api/user/export/
get /api/user/recommendations/
get /api/movies/recommendations/
get /api/profiles/stats/
get /api/profiles/{username}/
put /api/users/{username}/role/
put delete /api/users/{username}/shut_out/
get /api/audit/
get /api/movies/
get /api/movies/{id}/
get /api/movies/trending/
get /api/movies/top_rated/
get /api/movies/{id}/recommendations/
get /api/movies/{id}/similar/
get /api/movies/{id}/match_score/
get /api/movies/{id}/ratings/
get put delete /api/movies/{id}/rating/
get /api/genres/
get /api/tmdb/search/
post /api/tmdb/import/
get post /api/ratings/
get put patch delete /api/ratings/{id}/
get post /api/playlists/
get put patch delete /api/playlists/{id}/
post /api/playlists/{id}/items/
put /api/playlists/{id}/items/order/
delete /api/playlists/{id}/items/{movie_id}/
get /swagger/
get /redoc/
get /openapi.json
get /openapi.yaml
get /healthz
get /readyz
get /metrics
"""


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/openapi.json").json()


def test_it_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]  # untyped


def test_it_holds_every_operation_of_the_contract(document: Any) -> None:
    for line in CONTRACT.split("\n"):
        *methods, path = line.split() or ["/healthz"]
        assert set(methods) <= document["paths"][path].keys(), line


def test_it_names_tmdb_as_tmdb_asks(document: Any) -> None:
    notice = "This product uses the TMDB API but is not endorsed or certified by TMDB."
    assert notice in document["info"]["description"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_examples_fit_their_shapes(document: Any, name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}"} | {
        "components": document["components"]
    }
    errors = list(Draft202012Validator(schema).iter_errors(EXAMPLES[name]))

    assert errors == []


def test_every_operation_has_a_summary_and_its_failures(document: Any) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            if path.startswith("/api/"):
                assert {"400", "429", "500", "503"} <= operation["responses"].keys()


@pytest.mark.parametrize("path", ["/swagger/", "/redoc/"])
def test_the_pages_load_nothing_from_elsewhere(path: str) -> None:
    page = Client().get(path).content.decode()

    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page
