"""`python -m nexus backup`: one file, whole or not there."""

import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from procrastinate.contrib.django import app

from nexus.accounts.models import User
from nexus.backup.contents import LEFT_OUT
from nexus.env import PROJECT_DIR
from tests.backup.installation import (
    Installation,
    empty_database,
    wait_until_it_waits,
)
from tests.launch.program import LIMIT_S, environment, wait_until_gone
from tests.tokens import sign_in

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

BOTH = """
WITH film AS (
  INSERT INTO catalog_genre (id, name) SELECT max(id) + 1, 'x' FROM catalog_genre
  RETURNING id
)
INSERT INTO catalog_keyword (id, name) SELECT id, 'x' FROM film
"""


def manifest_of(path: Path) -> dict[str, object]:
    with tarfile.open(path) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        found: dict[str, object] = json.load(file)
    return found


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_works(here: Installation, member: User, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"

    done = here.call("backup", str(path))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{path}: ")
    assert "SECRET_KEY" in done.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["database.dump", "manifest.json"]


def test_it_says_what_it_holds(backup: Path, member: User) -> None:
    found = manifest_of(backup)

    tables = found["tables"]
    assert isinstance(tables, dict)
    assert tables["accounts_user"] == tables["ratings_rating"] == 1
    assert not tables.keys() & LEFT_OUT.keys()
    assert found["postgres"] == 16
    assert found["lost_models"] == []


def test_it_holds_the_models(
    here: Installation, versions: list[str], tmp_path: Path
) -> None:
    done = here.call("backup", str(tmp_path / "backup.tar"), "--json")

    found = json.loads(done.stdout)
    assert found["models"] == sorted(versions)
    assert found["active_model"] == versions[-1]
    assert {f"models/{one}/manifest.json" for one in versions} <= found["files"].keys()


def test_a_broken_model_does_not_keep_it_from_working(
    here: Installation, versions: list[str], tmp_path: Path
) -> None:
    array = next((here.models / versions[0]).glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-1])

    done = here.call("backup", str(tmp_path / "backup.tar"), "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["lost_models"] == [versions[0]]
    assert f"Model {versions[0]} cannot be read" in done.stderr


def test_no_session_and_no_job_comes_back(
    here: Installation, there: Installation, member: User, tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    sign_in(member.email)
    app.configure_task("refresh_genres").defer(timestamp=0)

    saved, restored = here.call("backup", str(path)), there.call("restore", str(path))

    assert (saved.returncode, restored.returncode) == (0, 0), restored.stderr
    before, after = here.contents(), there.contents()
    assert {before["accounts_session"][0], before["procrastinate_jobs"][0]} == {1}
    assert {after[table][0] for table in LEFT_OUT} == {0}
    assert after["accounts_user"] == before["accounts_user"]


def test_it_overwrites_nothing(here: Installation, backup: Path) -> None:
    before = backup.read_bytes()

    done = here.call("backup", str(backup))

    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert backup.read_bytes() == before


def test_it_refuses_an_empty_database(there: Installation, tmp_path: Path) -> None:
    done = there.call("backup", str(tmp_path / "backup.tar"))

    assert done.returncode == 2
    assert "the database is empty" in done.stderr


def test_a_folder_that_is_not_there_is_named(
    here: Installation, tmp_path: Path
) -> None:
    done = here.call("backup", str(tmp_path / "none" / "backup.tar"))

    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_leaves_nothing(
    here: Installation, member: User, tmp_path: Path
) -> None:
    folder = tmp_path / "full"
    folder.mkdir()

    done = begin(here, folder / "backup.tar", largest=8192)
    complained = done.communicate(timeout=LIMIT_S)[1]

    assert done.returncode == 1
    assert "File too large" in complained
    assert "Traceback" not in complained
    assert names_in(folder) == []


def begin(
    here: Installation, path: Path, *, largest: int | None = None
) -> subprocess.Popen[str]:
    """Start a backup; the system lets its files grow no larger than that."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.Popen(
        [sys.executable, "-m", "nexus", "backup", str(path)],
        cwd=PROJECT_DIR,
        env=environment(here.home, **here.variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limit,  # noqa: PLW1509  nothing else runs here
    )


@pytest.mark.parametrize(
    ("number", "left"), [(signal.SIGKILL, [".backup.tar.partial"]), (signal.SIGINT, [])]
)
def test_one_that_was_stopped_looks_like_nothing(
    here: Installation,
    member: User,
    tmp_path: Path,
    number: signal.Signals,
    left: list[str],
) -> None:
    folder = tmp_path / "stopped"
    folder.mkdir()
    with psycopg.connect(here.url) as other:
        # What holds the backup up until we have seen it begin.
        other.execute("LOCK TABLE ratings_rating IN ACCESS EXCLUSIVE MODE")
        process = begin(here, folder / "backup.tar")
        wait_until_it_waits("pg_dump")
        os.killpg(process.pid, number)
        process.communicate(timeout=LIMIT_S)
    wait_until_gone(here.home)

    assert names_in(folder) == left
    assert process.returncode != 0
    again = here.call("backup", str(folder / "backup.tar"))
    assert again.returncode == 0
    assert names_in(folder) == ["backup.tar"]


def test_two_of_the_same_name_do_not_meet(
    here: Installation, member: User, tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    with psycopg.connect(here.url) as other:
        other.execute("LOCK TABLE ratings_rating IN ACCESS EXCLUSIVE MODE")
        first = begin(here, path)
        wait_until_it_waits("pg_dump")
        second = here.call("backup", str(path))
    complained = first.communicate(timeout=LIMIT_S)[1]

    assert (first.returncode, complained) == (0, "")
    assert second.returncode == 2
    assert "Another backup is being written" in second.stderr


def test_it_holds_one_moment(
    here: Installation, there: Installation, member: User, tmp_path: Path
) -> None:
    """What is written meanwhile is in it as a whole, or not at all."""
    path, ended = tmp_path / "backup.tar", Event()

    def write() -> None:
        with psycopg.connect(here.url, autocommit=True) as other:
            other.execute("INSERT INTO catalog_genre VALUES (1000, 'x')")
            other.execute("INSERT INTO catalog_keyword VALUES (1000, 'x')")
            while not ended.is_set():
                other.execute(BOTH)

    writer = Thread(target=write)
    writer.start()
    try:
        saved = here.call("backup", str(path))
    finally:
        ended.set()
        writer.join()
    restored = there.call("restore", str(path))

    assert (saved.returncode, restored.returncode) == (0, 0), restored.stderr
    after = there.contents()
    assert after["catalog_genre"] == after["catalog_keyword"]
    assert after["catalog_genre"][0] < here.contents()["catalog_genre"][0]


def test_extensions_of_the_server_stay_there(
    there: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    assert there.call("prepare").returncode == 0
    with psycopg.connect(there.url) as other:
        other.execute("CREATE EXTENSION vector")

    saved = there.call("backup", str(path))
    with empty_database("nexus_third") as url:
        third = Installation(tmp_path / "third", url=url, models=tmp_path / "m3")
        restored = third.call("restore", str(path))
        with psycopg.connect(url) as other:
            names = other.execute("SELECT extname FROM pg_extension").fetchall()

    assert (saved.returncode, restored.returncode) == (0, 0), restored.stderr
    assert names == [("plpgsql",)]
