"""The product behind a proxy that speaks HTTPS to people."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe

import httpx
import pytest

from nexus.env import PROJECT_DIR
from tests.launch.program import Program, environment

HOST = "films.example.org"
PROXIED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Whoever reaches the program past the proxy."""
    program = Program(tmp_path_factory.mktemp("https") / "home")
    program.start(HTTPS="on", ALLOWED_HOSTS=f"{HOST},.inside.example.org")
    base = f"http://127.0.0.1:{program.port}"
    with httpx.Client(base_url=base, headers={"Host": HOST}) as client:
        yield client
    program.end(signal.SIGTERM)


@pytest.fixture
def people(direct: httpx.Client) -> Iterator[httpx.Client]:
    """Whoever comes through the proxy."""
    headers = {"Host": HOST} | PROXIED
    with httpx.Client(base_url=direct.base_url, headers=headers) as client:
        yield client


def check_deployment(home: Path, **variables: str) -> str:
    """Return what Django's own check of a deployment complains about."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT_DIR,
        env=environment(home, **variables),
        capture_output=True,
        check=False,
        text=True,
    )
    return ended.stderr if ended.returncode else ""


def test_it_sends_people_to_https(direct: httpx.Client) -> None:
    answer = direct.get("/api/movies/?search=a%20b")

    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{HOST}/api/movies/?search=a%20b"
    assert "Strict-Transport-Security" not in answer.headers
    assert "'none'" in answer.headers["Content-Security-Policy"]


def test_it_sends_nobody_to_a_host_that_is_not_ours(direct: httpx.Client) -> None:
    assert direct.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "/readyz"])
def test_probes_need_no_https(direct: httpx.Client, path: str) -> None:
    assert direct.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/healthz", "/healthzz", "/nothing/readyz"])
def test_no_other_path_counts_as_a_probe(direct: httpx.Client, path: str) -> None:
    assert direct.get(path).status_code == 301


@pytest.mark.parametrize("path", ["/", "/api/nothing", "/static/web/start.css"])
def test_browsers_remember_https_for_a_year(people: httpx.Client, path: str) -> None:
    answer = people.get(path)

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_are_for_this_host_and_https_alone(people: httpx.Client) -> None:
    cookies = people.get("/admin/login/").headers.get_list("Set-Cookie")

    assert cookies
    for cookie in cookies:
        name, *rules = re.split("=|; ", cookie)
        assert name.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Strict", "/"} <= set(rules)
        assert "Domain" not in rules


@pytest.mark.parametrize(
    ("origin", "status"), [(f"https://{HOST}", 200), ("https://evil.example", 403)]
)
def test_a_proxy_may_pass_its_own_host_name_on(
    people: httpx.Client, origin: str, status: int
) -> None:
    people.headers["Host"] = "proxy.inside.example.org"
    page = people.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    assert token is not None

    form = {"csrfmiddlewaretoken": token[1], "username": "a", "password": "b"}
    headers = {"Cookie": cookie, "Origin": origin}
    answer = people.post("/admin/login/", data=form, headers=headers)

    assert answer.status_code == status


def test_the_check_of_a_deployment_passes(tmp_path: Path) -> None:
    token = token_urlsafe(16)

    assert check_deployment(tmp_path, HTTPS="on", METRICS_TOKEN=token) == ""


def test_the_check_of_a_deployment_says_what_is_missing(tmp_path: Path) -> None:
    told = check_deployment(tmp_path)

    assert "SECURE_SSL_REDIRECT" in told
    assert "nexus.W001" in told
    assert "METRICS_TOKEN" in told
