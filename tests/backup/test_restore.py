"""`python -m nexus restore`: into an empty installation, whole or not at all."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from nexus.accounts.models import User
from nexus.env import PROJECT_DIR
from tests.backup.forgery import changed, rewritten
from tests.backup.installation import (
    Installation,
    contents_of,
    wait_until_it_commits,
    wait_until_it_left,
    wait_until_it_waits,
    waiting_for_a_replica,
)
from tests.launch.program import LIMIT_S, environment, running, wait_until_gone

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]


def refusal(there: Installation, path: Path, *, code: int = 2) -> str:
    """Return why it is refused; nothing is changed by it."""
    before = contents_of(there.url)
    ended = there.call("restore", str(path))
    assert ended.returncode == code, ended
    assert ended.stdout == ""
    assert contents_of(there.url) == before
    assert not there.models.exists() or not list(there.models.iterdir())
    (line,) = ended.stderr.splitlines()
    return line


def test_it_works(here: Installation, there: Installation, backup: Path) -> None:
    done = there.call("restore", str(backup))

    assert (done.returncode, done.stderr) == (0, "")
    assert "Everybody has to sign in again." in done.stdout
    after = there.contents()
    assert after["ratings_rating"] == here.contents()["ratings_rating"]
    assert there.call("migrate", "--check").returncode == 0


def test_it_only_looks_when_it_is_asked_to(there: Installation, backup: Path) -> None:
    done = there.call("restore", str(backup), "--check", "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["manifest"]["tables"]["ratings_rating"] == 1
    assert there.contents() == {}


def test_it_refuses_a_database_with_anything_in_it(
    there: Installation, backup: Path
) -> None:
    with psycopg.connect(there.url) as connection:
        connection.execute("CREATE TABLE anything (id int)")

    assert "into an empty one" in refusal(there, backup)


def test_it_refuses_a_changed_one_before_it_touches_anything(
    there: Installation, backup: Path
) -> None:
    changed(backup, at=2000)

    assert "database.dump in it was changed" in refusal(there, backup)


def test_an_older_one_is_migrated(
    here: Installation, there: Installation, member: User, tmp_path: Path
) -> None:
    path = tmp_path / "older.tar"
    assert here.call("migrate", "ratings", "0002").returncode == 0
    saved = here.call("backup", str(path))
    assert here.call("migrate").returncode == 0

    done = there.call("restore", str(path), "--json")

    assert (saved.returncode, done.returncode) == (0, 0), done.stderr
    migrated = json.loads(done.stdout)["migrated"]
    assert migrated[0] == "ratings.0003_skipped_movies"
    assert {name.partition(".")[0] for name in migrated} == {"ratings"}
    after, before = there.contents(), here.contents()
    assert after["ratings_rating"] == before["ratings_rating"]
    assert after["ratings_skippedmovie"] == (0, "")


def test_a_failure_in_its_middle_changes_nothing(
    there: Installation, backup: Path
) -> None:
    """The dump is cut off, and its checksums say that it has to be so."""
    rewritten(backup, dump=lambda dump: dump[: len(dump) // 2])

    assert "pg_restore" in refusal(there, backup, code=1)


def test_it_takes_its_models_away_after_a_failure(
    here: Installation,
    there: Installation,
    versions: list[str],
    tmp_path: Path,
) -> None:
    path = tmp_path / "backup.tar"
    assert here.call("backup", str(path)).returncode == 0
    rewritten(path, dump=lambda dump: dump[: len(dump) // 2])

    assert "pg_restore" in refusal(there, path, code=1)


def test_a_full_disk_changes_nothing(
    here: Installation, there: Installation, versions: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    assert here.call("backup", str(path)).returncode == 0

    ended = subprocess.run(
        [sys.executable, "-m", "nexus", "restore", str(path)],
        cwd=PROJECT_DIR,
        env=environment(there.home, **there.variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
        preexec_fn=grow_no_file,
    )

    assert ended.returncode == 1
    assert "File too large" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(there.models.iterdir()) == []
    assert there.contents() == {}


def grow_no_file() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


def test_what_lies_in_the_way_of_a_model_is_named(
    here: Installation, there: Installation, versions: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    assert here.call("backup", str(path)).returncode == 0
    (there.models / versions[-1]).mkdir(parents=True)

    done = there.call("restore", str(path))

    assert done.returncode == 2
    assert f"{there.models / versions[-1]} is in the way" in done.stderr
    assert [one.name for one in there.models.iterdir()] == [versions[-1]]
    assert there.contents() == {}


def test_a_killed_one_changes_nothing(there: Installation, backup: Path) -> None:
    with psycopg.connect(there.url) as other:
        # What holds pg_restore up in its middle: somebody is about to make that table.
        other.execute("CREATE TABLE ratings_rating (id int)")
        process = subprocess.Popen(
            [sys.executable, "-m", "nexus", "restore", str(backup)],
            cwd=PROJECT_DIR,
            env=environment(there.home, **there.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until_it_waits("pg_restore")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)
        other.rollback()
    wait_until_gone(there.home)
    wait_until_it_left("pg_restore")

    assert there.contents() == {}
    assert there.call("restore", str(backup)).returncode == 0


def test_wrong_counts_are_told_over_what_was_restored(
    there: Installation, backup: Path
) -> None:
    rewritten(backup, manifest=lambda body: body["tables"].update(ratings_rating=2))

    done = there.call("restore", str(backup))

    assert done.returncode == 3
    assert "Not all rows are there: see ratings_rating. Drop this" in done.stderr
    assert "prepare" not in done.stderr
    assert there.contents()["ratings_rating"][0] == 1


def test_one_that_is_stopped_too_late_says_what_is_left_to_do(
    here: Installation, there: Installation, versions: list[str], tmp_path: Path
) -> None:
    """First at its commit, then while it finishes: each waits for a replica."""
    path = tmp_path / "backup.tar"
    assert here.call("backup", str(path)).returncode == 0
    with (
        waiting_for_a_replica("nexus_elsewhere"),
        running(there.home, "restore", str(path), **there.variables) as process,
    ):
        wait_until_it_commits("COMMIT")
        process.terminate()
        wait_until_it_commits("ANALYZE")
        process.terminate()
        told, complained = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 3, complained
    assert "Interrupted. The backup is in the database, but" in complained
    assert told == ""
    assert there.contents()["accounts_user"] == here.contents()["accounts_user"]
    assert there.files() == here.files()
    assert there.call("prepare").returncode == 0


def test_one_that_is_told_to_stop_changes_nothing(
    there: Installation, backup: Path
) -> None:
    with (
        psycopg.connect(there.url) as other,
        running(there.home, "restore", str(backup), **there.variables) as process,
    ):
        other.execute("CREATE TABLE ratings_rating (id int)")
        wait_until_it_waits("pg_restore")
        process.terminate()
        complained = process.communicate(timeout=LIMIT_S)[1]
        other.rollback()

    assert process.returncode == 130
    assert complained == "Interrupted; nothing was changed.\n"
    wait_until_it_left("pg_restore")
    assert there.contents() == {}
