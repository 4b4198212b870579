"""A database that allows too few connections is told of before it fails people."""

import pytest

from nexus import settings
from nexus.launch import run
from tests.servers import database_url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DATABASE_URL", database_url())


def test_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    run.check_database()

    assert capsys.readouterr().out == ""


def test_it_warns_of_too_few_connections(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "WEB_WORKERS", 64)

    run.check_database()

    told = capsys.readouterr().out
    assert "allows 300 connections, and 2270 may be needed" in told
    assert "max_connections" in told
