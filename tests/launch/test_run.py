"""`python -m nexus run`, from the first start on."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.launch.program import (
    Program,
    call,
    listeners_at,
    processes_of,
    wait_until,
    wait_until_gone,
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("run") / "not"
    folder.mkdir()
    program = Program(folder / "there yet")
    program.start()
    yield program
    if program.is_running:
        program.end(signal.SIGTERM)


@pytest.fixture
def program(installed: Program) -> Program:
    """The program, running."""
    if not installed.is_running:
        installed.start()
    return installed


@pytest.fixture
def stopped(installed: Program) -> Program:
    if installed.is_running:
        installed.end(signal.SIGTERM)
    return installed


def get(program: Program, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{program.port}{path}") as answer:
        return json.load(answer)


def test_it_works(program: Program) -> None:
    assert get(program, "/api/movies/")["count"] > 100
    assert f"http://127.0.0.1:{program.port}/swagger/" in program.told


def test_it_complains_about_nothing(program: Program) -> None:
    assert "[WARNING]" not in program.told
    assert program.said == ""


def test_it_keeps_what_it_stores_to_itself(program: Program) -> None:
    key = program.home / "secret-key"

    assert len(key.read_text()) >= 32
    assert key.stat().st_mode & 0o077 == 0
    assert (program.home / "postgres").stat().st_mode & 0o077 == 0
    assert (program.home / "socket").stat().st_mode & 0o077 == 0


def test_it_runs_once_per_home(program: Program) -> None:
    second = call(program.home, "run")

    assert second.returncode == 2
    assert second.stderr == (
        f"nexus: Another Nexus already runs in {program.home}: "
        "stop it, or set NEXUS_HOME.\n"
    )


def test_it_names_a_taken_port(program: Program, tmp_path: Path) -> None:
    second = call(tmp_path / "other", "run", PORT=str(program.port))

    assert second.returncode == 2
    assert second.stderr.startswith(f"nexus: 127.0.0.1:{program.port} cannot be used")
    assert "set PORT" in second.stderr


def test_commands_use_the_running_database(program: Program) -> None:
    who = ["--username", "boss", "--email", "boss@example.org"]
    made = call(
        program.home,
        *("createsuperuser", "--noinput", *who),
        DJANGO_SUPERUSER_PASSWORD="correct-horse-7",
    )

    assert made.returncode == 0, made.stderr
    count = "from nexus.accounts.models import User; print(User.objects.count())"
    asked = call(program.home, "shell", "--verbosity", "0", "-c", count)
    assert asked.stdout.split() == ["1"], asked
    assert get(program, "/healthz")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_order(program: Program, number: signal.Signals) -> None:
    code = program.end(number)

    assert code == 0, program.said
    assert "Nexus has stopped." in program.told
    assert not processes_of(program.home)
    assert not (program.home / "postgres" / "postmaster.pid").exists()


def test_it_stops_while_it_starts(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.begin()
    program.read_until("Nexus ")

    code = program.end(signal.SIGTERM)

    assert code == 0, program.said
    assert program.said == ""
    assert not processes_of(program.home)


def test_it_stops_while_the_web_server_starts(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.begin()
    program.read_until("Preparing the database")

    code = program.end(signal.SIGTERM)

    assert code == 0, program.said
    assert "Killing worker" not in program.told + program.said
    assert not processes_of(program.home)


def test_it_starts_under_other_names_and_addresses(stopped: Program) -> None:
    stopped.start(HOST="0.0.0.0", ALLOWED_HOSTS=".films.example.org")  # noqa: S104

    assert f"http://127.0.0.1:{stopped.port}/" in stopped.told
    assert stopped.end(signal.SIGTERM) == 0


def test_commands_start_the_database_themselves(stopped: Program) -> None:
    ended = call(stopped.home, "migrate", "--check")

    assert ended.returncode == 0, ended.stderr
    assert not processes_of(stopped.home)


def test_commands_pass_their_exit_code_on(stopped: Program) -> None:
    ended = call(stopped.home, "dumpdata", "no_such_app")

    assert ended.returncode == 1
    assert not processes_of(stopped.home)


def test_it_starts_after_it_was_killed(program: Program) -> None:
    program.end(signal.SIGKILL)
    wait_until_gone(program.home)

    program.start()

    assert get(program, "/api/movies/")["count"] > 100


def test_it_replaces_a_web_process_that_crashes(program: Program) -> None:
    (crashed,) = program.web_processes()

    os.kill(crashed, signal.SIGKILL)

    wait_until(lambda: program.web_processes() not in ([], [crashed]))
    wait_until(lambda: listeners_at(program.port) == 1)
    assert get(program, "/api/movies/")["count"] > 100


def test_no_web_process_outlives_what_started_it(program: Program) -> None:
    killed = [program.process.pid, program.pid_of("granian")]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    assert program.wait() == -signal.SIGKILL
    wait_until_gone(program.home)
    assert not processes_of(program.home)


def test_it_ends_when_the_web_server_crashes(program: Program) -> None:
    os.kill(program.pid_of("granian"), signal.SIGKILL)

    assert program.wait() == 1
    assert "The web server has ended" in program.said
    assert not processes_of(program.home)


def test_it_ends_when_the_database_crashes(program: Program) -> None:
    os.kill(program.pid_of("postgres", "-D"), signal.SIGKILL)

    assert program.wait() == 1
    assert "PostgreSQL has ended" in program.said
    wait_until_gone(program.home)
