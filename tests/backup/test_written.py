"""The file of a backup, and what killed ones leave in its folder."""

import fcntl
from pathlib import Path

import psycopg
import pytest
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.backup import operations
from nexus.backup.archive import written
from nexus.backup.errors import CannotBackUp, ProgramFailed
from nexus.backup.operations import back_up
from tests.builders import NOW
from tests.servers import database_url

LEFT = b"database.dump" + bytes(1000)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_works(tmp_path: Path) -> None:
    with written(tmp_path / "a.tar") as file:
        file.write(b"content")
        assert names_in(tmp_path) == [".a.tar.partial"]

    assert names_in(tmp_path) == ["a.tar"]


def test_it_removes_what_killed_ones_left(tmp_path: Path) -> None:
    (tmp_path / ".nexus-1.tar.partial").write_bytes(LEFT)

    with written(tmp_path / "nexus-2.tar"):
        pass

    assert names_in(tmp_path) == ["nexus-2.tar"]


def test_it_leaves_what_is_held_or_none_of_ours(tmp_path: Path) -> None:
    others = [".held.partial", ".link.partial", ".other.partial"]
    (tmp_path / ".held.partial").write_bytes(LEFT)
    (tmp_path / ".link.partial").symlink_to(tmp_path / ".held.partial")
    (tmp_path / ".other.partial").write_bytes(b"a download")

    with (tmp_path / ".held.partial").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with written(tmp_path / "nexus.tar"):
            pass

    assert names_in(tmp_path) == [*others, "nexus.tar"]


def test_it_overwrites_nothing_that_came_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"

    with pytest.raises(CannotBackUp, match="is there already"), written(path):
        path.write_bytes(b"of somebody")

    assert path.read_bytes() == b"of somebody"
    assert names_in(tmp_path) == ["a.tar"]


@pytest.mark.django_db(transaction=True)
def test_it_does_not_wait_for_ever_for_a_table(
    owner: User, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LONGEST_LOCK_S", 0.1)
    settings.MODELS_DIR = tmp_path / "models"

    with psycopg.connect(database_url()) as other:
        other.execute("LOCK TABLE ratings_rating IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ProgramFailed, match="pg_dump: error"):
            back_up(path=tmp_path / "backup.tar", now=NOW)

    assert names_in(tmp_path) == []
