"""The embedded server alone, after all that can happen to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexus.launch.errors import CannotStart
from nexus.launch.postgres import EmbeddedPostgres, reason_in
from nexus.lib.home import Home

HURRIED = {"fsync": "off"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Some process that has nothing to do with us."""
    program = [sys.executable, "-c", "input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def server(home: Home) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, settings=HURRIED)


def answers(postgres: EmbeddedPostgres) -> bool:
    with postgres.connect("nexus") as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_it_works(home: Home) -> None:
    with server(home) as postgres:
        assert answers(postgres)

    assert not postgres.answers()


def test_it_keeps_what_it_holds(home: Home) -> None:
    with server(home) as postgres, postgres.connect("nexus") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")

    with server(home) as postgres, postgres.connect("nexus") as connection:
        found = connection.execute("SELECT to_regclass('kept') IS NOT NULL").fetchone()

    assert found == (True,)


def test_it_stops_under_an_open_transaction(home: Home) -> None:
    postgres = server(home)
    postgres.start()
    with postgres.connect("nexus") as connection:
        connection.execute("BEGIN")

        postgres.stop()

        assert not postgres.answers()
        connection.close()


def test_it_starts_after_a_crash(home: Home) -> None:
    postgres = server(home)
    postgres.start()
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()

    with server(home) as again:
        assert answers(again)


def test_it_keeps_the_log_of_the_start_before(home: Home) -> None:
    postgres = server(home)
    postgres.start()
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()
    told = home.postgres_log.read_text()

    with server(home):
        assert home.postgres_log.read_text() != told

    assert told
    assert home.former_postgres_log.read_text() == told


def test_it_stops_a_server_that_lost_its_launcher(home: Home) -> None:
    orphan = server(home)
    orphan.start()
    assert orphan.process is not None

    with server(home) as postgres:
        assert orphan.process.wait(10) == 0
        assert answers(postgres)


@pytest.mark.parametrize("text", ["", "12", "nonsense\n/data\n"])
def test_it_forgives_a_broken_pid_file(home: Home, text: str) -> None:
    with server(home):
        pass
    (home.postgres_dir / "postmaster.pid").write_text(text)

    with server(home) as postgres:
        assert answers(postgres)


def test_it_leaves_a_stranger_with_the_old_number_alone(
    home: Home, stranger: subprocess.Popen[bytes]
) -> None:
    pid_file = home.postgres_dir / "postmaster.pid"
    postgres = server(home)
    postgres.start()
    text = pid_file.read_text()
    postgres.stop()
    pid_file.write_text(text.replace(str(postgres_pid(text)), str(stranger.pid), 1))

    with server(home) as postgres:
        assert answers(postgres)

    assert stranger.poll() is None


def postgres_pid(text: str) -> int:
    return int(text.split("\n", maxsplit=1)[0])


def test_it_does_not_hear_what_other_servers_are_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "db.example.org")
    with server(home) as postgres:
        monkeypatch.delenv("PGPORT")

        assert answers(postgres)


def test_it_works_under_a_very_long_path(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 30) / ("name" * 30))
    home.path.mkdir(parents=True)

    with server(home) as postgres:
        assert answers(postgres)
        assert len(str(home.socket_dir)) < 50
    home.socket_dir.rmdir()


def test_it_refuses_a_socket_folder_of_somebody_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    mine = tmp_path / "mine"
    mine.mkdir()
    home.socket_dir.symlink_to(mine)
    if os.geteuid() == 0:
        os.lchown(home.socket_dir, 12345, 12345)
    else:
        pytest.skip("only root can give a folder away")

    with pytest.raises(CannotStart, match="belongs to another user"):
        server(home).start()


def test_it_begins_anew_after_half_a_setup(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "postgres.unfinished").mkdir()
    (tmp_path / "postgres.unfinished" / "PG_VERSION").write_text("half")

    with server(home) as postgres:
        assert answers(postgres)


def test_it_is_alone_in_its_home(home: Home) -> None:
    with server(home) as postgres:
        other = server(home)

        assert other.answers()
        other.wait_for_other()
        assert postgres.process is not None


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("", "no reason given"),
        ("LOG:  starting\n", "LOG:  starting"),
        ("FATAL:  no space\nLOG:  database system is shut down\n", "no space"),
        ("initdb: error: not empty\ninitdb: hint: remove it\n", "not empty"),
    ],
)
def test_it_finds_the_reason_in_a_log(tmp_path: Path, log: str, reason: str) -> None:
    path = tmp_path / "postgres.log"
    path.write_text(log)

    assert reason_in(path) == reason
