"""The pages, as bytes and in a real browser."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def test_the_start_page_works() -> None:
    response = Client().get("/")

    assert response.status_code == 200
    assert "not endorsed or certified by TMDB" in response.content.decode()


def test_the_start_page_answers_only_reads() -> None:
    assert Client().post("/").status_code == 405


@pytest.mark.parametrize(
    "path", ["/static/web/start.css", "/static/admin/css/base.css"]
)
def test_its_files_are_served_by_us(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 200
    assert b"".join(response)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "Try the API"),
        ("/swagger/", "Spend a refresh token for a new pair"),
        ("/redoc/", "Spend a refresh token for a new pair"),
    ],
)
def test_a_browser_shows_it(
    live_server: LiveServer, tmp_path: Path, path: str, text: str
) -> None:
    assert CHROMIUM is not None
    profile = f"--user-data-dir={tmp_path}"
    wait = ["--virtual-time-budget=20000", "--dump-dom"]
    address = f"{live_server.url}{path}"

    page = subprocess.run(
        [CHROMIUM, *QUIET, profile, *wait, address],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )

    assert text in page.stdout
