"""Servers that are not the embedded one: another version, another user."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGINT
from time import monotonic
from urllib.parse import quote

import psycopg
import pytest

from nexus.launch.child import before_postgres
from tests.backup.installation import Installation, command, empty_database
from tests.launch.program import LIMIT_S

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

OLDER = Path("/usr/lib/postgresql/15/bin")
needs_older = pytest.mark.skipif(
    not (OLDER / "postgres").exists(), reason="there is no PostgreSQL 15 here"
)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run the system's PostgreSQL 15; yields the address of an empty database."""
    folder.mkdir(mode=0o700)
    data, as_postgres = folder / "data", before_postgres(SIGINT)
    subprocess.run(
        [OLDER / "initdb", "-D", data, "-U", "nexus", "--auth=trust", "-E", "UTF8"],
        preexec_fn=as_postgres,
        check=True,
        capture_output=True,
    )
    options = ["-c", "listen_addresses=", "-c", "fsync=off"]
    process = subprocess.Popen(
        [OLDER / "postgres", "-D", data, "-k", folder, *options],
        preexec_fn=as_postgres,  # noqa: PLW1509  nothing else runs here
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql://nexus@{quote(str(folder), safe='')}/postgres"
    try:
        wait_until_answers(url)
        yield url
    finally:
        process.send_signal(SIGINT)
        process.wait(LIMIT_S)


def wait_until_answers(url: str) -> None:
    give_up_at = monotonic() + LIMIT_S
    while monotonic() < give_up_at:
        with suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return
    raise AssertionError("PostgreSQL 15 did not start")


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Installation]:
    with server(tmp_path / "pg15") as url:
        yield Installation(tmp_path / "older", url=url, models=tmp_path / "models15")


@needs_older
def test_an_older_server_takes_no_newer_backup(
    older: Installation, backup: Path
) -> None:
    done = older.call("restore", str(backup))

    assert done.returncode == 2
    assert "made from PostgreSQL 16, and this database is PostgreSQL 15" in done.stderr
    assert older.contents() == {}


@needs_older
def test_a_newer_server_takes_an_older_backup(
    older: Installation, there: Installation, tmp_path: Path
) -> None:
    """Each by the programs of its own version."""
    path = tmp_path / "fifteen.tar"
    assert older.call("prepare").returncode == 0

    saved = older.call("backup", str(path), "--json")
    restored = there.call("restore", str(path))

    assert (saved.returncode, restored.returncode) == (0, 0), saved.stderr
    assert re.search(r'"postgres": 15\b', saved.stdout)
    assert there.contents()["catalog_movie"] == older.contents()["catalog_movie"]


@needs_older
def test_the_doctor_names_a_server_that_is_too_old(older: Installation) -> None:
    done = older.call("doctor")

    assert done.returncode == 1
    assert re.search(r"WRONG +postgres +PostgreSQL 15\.\d+ is too old\.", done.stdout)
    assert "Move to PostgreSQL 16 or newer" in done.stdout


def test_it_takes_no_superuser(backup: Path, tmp_path: Path) -> None:
    command("DROP ROLE IF EXISTS ordinary")
    command("CREATE ROLE ordinary LOGIN")
    with empty_database("nexus_ordinary") as url:
        command("ALTER DATABASE nexus_ordinary OWNER TO ordinary")
        ordinary = Installation(
            tmp_path / "ordinary",
            url=url.replace("//nexus@", "//ordinary@"),
            models=tmp_path / "m",
        )
        restored = ordinary.call("restore", str(backup))
        saved = ordinary.call("backup", str(tmp_path / "again.tar"))
    command("DROP ROLE ordinary")

    assert (restored.returncode, restored.stderr) == (0, "")
    assert (saved.returncode, saved.stderr) == (0, "")
