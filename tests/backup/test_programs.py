"""Only programs of the server's own major version are used."""

from pathlib import Path

import dj_database_url
import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django import Settings

from nexus.backup.errors import NoFittingProgram
from nexus.backup.programs import find_program, where
from nexus.lib.postgres_programs import embedded_programs


def put(folder: Path, name: str, *, version: str) -> Path:
    """Write a program that knows its version."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return program


def test_it_works() -> None:
    ours = embedded_programs()
    assert ours is not None

    assert find_program("pg_dump", major=16) == ours / "pg_dump"


def test_a_server_elsewhere_is_asked_by_the_systems_programs(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """Ours cannot speak TLS."""
    settings.IS_EMBEDDED = False
    program = put(tmp_path / "bin", "pg_restore", version="16.99 (Debian 16.99-1)")
    monkeypatch.setenv("PATH", str(program.parent))

    assert find_program("pg_restore", major=16) == program


def test_it_passes_over_another_version(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.IS_EMBEDDED = False
    older = put(tmp_path / "older", "pg_dump", version="15.1")
    monkeypatch.setenv("PATH", str(older.parent))

    assert find_program("pg_dump", major=16).parent == embedded_programs()


def test_it_says_which_there_are_and_which_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = put(tmp_path / "other", "pg_dump", version="98devel")
    monkeypatch.setenv("PATH", str(other.parent))

    with pytest.raises(NoFittingProgram) as refused:
        find_program("pg_dump", major=99)

    assert "PostgreSQL 99" in str(refused.value)
    assert f"{other} is of 98" in str(refused.value)


def test_the_password_is_no_word_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    place = dj_database_url.parse(
        "postgresql://nexus:pa%40ss@db.example.org:5433/films?sslmode=require"
    )
    # Not through `connection`: taken back there, it would be gone for good.
    monkeypatch.setattr(connections["default"], "settings_dict", place)

    told, environment = where()

    assert conninfo_to_dict(told) == {
        "host": "db.example.org",
        "port": "5433",
        "user": "nexus",
        "dbname": "films",
        "sslmode": "require",
    }
    assert environment["PGPASSWORD"] == "pa@ss"
