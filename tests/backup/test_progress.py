"""Backups tell how far they are, where somebody looks."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.backup.archive import Writer, written
from nexus.backup.manifest import DUMP, Manifest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    with written(path) as file:
        writer = Writer(file, written_s=0)
        writer.add(DUMP, [bytes(2_500_000)] * 2)
        writer.end(
            Manifest(
                version="1",
                created_at="2031-05-01T00:00:00+00:00",
                postgres=16,
                migrations={},
                tables={},
                left_out=[],
                active_model=None,
                models=[],
                lost_models=[],
                files=writer.files,
            )
        )
    return path


def test_it_shows_on_a_terminal_what_is_checked(backup: Path) -> None:
    told = Terminal()

    call_command("restore", str(backup), "--check", stdout=io.StringIO(), stderr=told)

    assert " of 5 MB checked" in told.getvalue()


def test_it_shows_nothing_to_others(backup: Path) -> None:
    told = io.StringIO()

    call_command("restore", str(backup), "--check", stdout=io.StringIO(), stderr=told)

    assert told.getvalue() == ""


@pytest.mark.django_db(transaction=True)
def test_it_shows_what_is_written(
    owner: User, settings: Settings, tmp_path: Path
) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    told = Terminal()

    call_command("backup", tmp_path / "a.tar", stdout=io.StringIO(), stderr=told)

    assert told.getvalue().startswith("\r0 MB written")
