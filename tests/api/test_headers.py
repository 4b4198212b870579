"""What every answer tells browsers, wherever the answer comes from."""

from typing import Any

import pytest
from django.test import Client, override_settings
from pytest_django import Settings

from nexus.accounts.models import User
from tests.builders import PASSWORD

pytestmark = pytest.mark.django_db

ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOTHING = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
ANSWERS = {
    "/api/movies/": 200,
    "/movies": 200,
    "/api/movies/?no=such": 400,
    "/api/ratings/": 401,
    "/api/nothing/": 404,
    "/healthz": 200,
    "/readyz": 200,
    "/metrics": 200,
    "/openapi.json": 200,
    "/openapi.yaml": 200,
    "/static/web/start.css": 200,
    "/static/nothing.css": 404,
}
PAGES = ["/", "/swagger/", "/swagger", "/redoc/", "/admin/login/"]


def get(path: str, **headers: str) -> Any:
    response = Client(raise_request_exception=False).get(path, headers=headers)
    response.close()  # a file's, too
    return response


def policy_of(response: Any) -> dict[str, str]:
    """Return the policy's sources by directive; every answer has the other headers."""
    told = dict(response.headers)
    assert told == told | ALWAYS
    assert "camera=()" in told["Permissions-Policy"]
    parts = told["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize(("path", "status"), ANSWERS.items())
def test_an_answer_may_load_nothing(path: str, status: int) -> None:
    response = get(path)

    assert response.status_code == status
    assert policy_of(response) == NOTHING


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_our_files(path: str) -> None:
    response = get(path)

    policy = policy_of(response)
    assert response.status_code == 200
    assert policy.get("script-src", "'none'") in {"'self'", "'none'"}
    assert policy.items() >= {**NOTHING, "form-action": policy["form-action"]}.items()
    assert not [kind for kind in policy.values() if "unsafe" in kind or "http" in kind]


def test_only_the_administration_sends_forms() -> None:
    policies = {path: policy_of(get(path)) for path in PAGES}

    senders = [path for path in PAGES if policies[path]["form-action"] != "'none'"]
    assert senders == ["/admin/login/"]
    assert policies["/admin/login/"]["form-action"] == "'self'"


def test_an_unchanged_file_is_covered() -> None:
    path = "/static/web/start.css"
    etag = get(path).headers["ETag"]

    response = get(path, **{"If-None-Match": etag})

    assert response.status_code == 304
    assert policy_of(response) == NOTHING


def test_no_file_is_everybodys() -> None:
    response = get("/static/web/start.css")

    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_host_that_is_not_ours_is_covered() -> None:
    response = get("/api/movies/", Host="evil.example")

    assert response.status_code == 400
    assert policy_of(response) == NOTHING


def test_a_form_of_another_site_is_covered() -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/")

    assert response.status_code == 403
    assert policy_of(response)["default-src"] == "'none'"


def test_a_mistake_of_ours_is_covered() -> None:
    with override_settings(ROOT_URLCONF="tests.api.broken_urls"):
        response = get("/broken/")

    assert response.status_code == 500
    assert policy_of(response) == NOTHING


def test_a_preflight_is_covered(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://films.example.org"]
    asked = {
        "Origin": "https://films.example.org",
        "Access-Control-Request-Method": "GET",
    }

    response = Client().options("/api/movies/", headers=asked)

    assert response.status_code == 200
    assert policy_of(response) == NOTHING


def test_plain_http_promises_no_https() -> None:
    assert "Strict-Transport-Security" not in get("/").headers


def test_the_administrations_cookies_stay_home(admin: User) -> None:
    client = Client()
    form = {"username": admin.email, "password": PASSWORD}

    client.get("/admin/login/")
    client.post("/admin/login/", form)

    assert {"sessionid", "csrftoken"} <= client.cookies.keys()
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert not cookie["max-age"], "it ends with the browser"
        assert not cookie["domain"]


def test_a_session_of_the_administration_ends_after_eight_hours(admin: User) -> None:
    client = Client()
    client.post("/admin/login/", {"username": admin.email, "password": PASSWORD})

    assert client.session.get_expiry_age() == 8 * 60 * 60
    assert client.session.get_expire_at_browser_close()
