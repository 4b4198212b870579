"""What cannot start says so in one line, names the remedy and exits with 2."""

import os
from pathlib import Path

import pytest

from tests.launch.program import call, processes_of
from tests.servers import free_port


def refusal(home: Path, *words: str, **variables: str) -> str:
    """Return the one line that the program ended with."""
    port = {"PORT": str(free_port())}
    ended = call(home, *(words or ["run"]), **(port | variables))
    assert ended.returncode == 2, ended
    (line,) = ended.stderr.splitlines()
    assert line.startswith("nexus: ")
    assert not processes_of(home)
    return line


def test_it_names_a_wrong_variable(tmp_path: Path) -> None:
    assert refusal(tmp_path, PORT="eighty") == (
        "nexus: PORT is wrong: it must be a whole number from 1 to 65535."
    )


def test_it_names_a_wrong_variable_before_any_command(tmp_path: Path) -> None:
    assert "LOG_LEVEL" in refusal(tmp_path, "migrate", LOG_LEVEL="loud")


def test_it_needs_a_key_beside_a_database_of_ours(tmp_path: Path) -> None:
    line = refusal(tmp_path, DATABASE_URL="postgresql://db.example.org/nexus")

    assert line.startswith("nexus: SECRET_KEY is wrong")


def test_it_needs_a_cache_for_two_web_processes(tmp_path: Path) -> None:
    assert "VALKEY_URL" in refusal(tmp_path, WEB_WORKERS="2")


def test_it_refuses_an_address_of_another_machine(tmp_path: Path) -> None:
    line = refusal(tmp_path, HOST="192.0.2.1")

    assert "192.0.2.1" in line
    assert "HOST" in line


def test_it_refuses_a_name_that_is_no_host(tmp_path: Path) -> None:
    assert "set PORT or HOST" in refusal(tmp_path, HOST="a..b")


def test_it_refuses_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")

    line = refusal(tmp_path / "home")

    assert "set NEXUS_HOME" in line
    assert str(tmp_path / "home") in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_it_refuses_a_home_that_it_may_not_write(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)

    assert "Permission denied" in refusal(home)


def test_it_refuses_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "base").touch()

    line = refusal(tmp_path)

    assert str(tmp_path / "postgres") in line
    assert "backup" in line


def test_it_says_why_the_database_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir(mode=0o700)
    (tmp_path / "postgres" / "PG_VERSION").write_text("9.6\n")

    line = refusal(tmp_path)

    assert "PostgreSQL did not start" in line
    assert str(tmp_path / "postgres.log") in line


def test_it_says_that_the_given_database_does_not_answer(tmp_path: Path) -> None:
    url = f"postgresql://nexus:hidden@127.0.0.1:{free_port()}/nexus"

    line = refusal(tmp_path, DATABASE_URL=url, SECRET_KEY="0123456789abcdefgh" * 2)

    assert "set DATABASE_URL" in line
    assert "hidden" not in line


def test_run_takes_no_arguments(tmp_path: Path) -> None:
    assert "takes no arguments" in refusal(tmp_path, "run", "--port", "80")


def test_a_variable_may_be_blank(tmp_path: Path) -> None:
    blank = dict.fromkeys(("PORT", "DATABASE_URL", "SECRET_KEY", "HOST"), " ")

    assert call(tmp_path, "--version", **blank).returncode == 0
