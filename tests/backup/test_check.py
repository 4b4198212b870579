"""What is no backup, or no longer one, is refused with the reason."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.backup.errors import UnusableBackup
from nexus.backup.operations import back_up, check, restore
from tests.backup.forgery import changed, members_of, packed, rewritten

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def path(member: User, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    back_up(path=path, now=timezone.now())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UnusableBackup) as refused:
        check(path=path)
    return str(refused.value)


def test_it_works(path: Path) -> None:
    assert check(path=path).tables["ratings_rating"] == 1


def test_any_changed_byte_is_noticed(path: Path) -> None:
    size = path.stat().st_size

    for at in range(0, size - 1024, size // 40):  # the end of a tar is empty
        changed(path, at=at)
        refusal(path)
        changed(path, at=at)
    assert check(path=path).rows > 0


@pytest.mark.parametrize("left", [0, 1, 511, 512, 5000, 0.5, 0.9])
def test_one_that_was_cut_off(path: Path, left: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(left if left >= 1 else left * len(content))])

    assert "cut off" in refusal(path)


def test_one_without_its_last_file(path: Path) -> None:
    members = members_of(path)
    del members["manifest.json"]
    packed(path, members)

    assert "no manifest" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100_000])
def test_another_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    assert "no backup of Nexus" in refusal(path)


def test_a_tar_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.tar"
    packed(path, {"manifest.json": b'{"product": "other"}'})

    assert "no backup of Nexus" in refusal(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.tar")


def test_a_folder(tmp_path: Path) -> None:
    assert "Is a directory" in refusal(tmp_path)


def test_a_link_in_it(path: Path) -> None:
    members = members_of(path)
    dump = members.pop("database.dump")
    packed(path, members)
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo("database.dump")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)

    assert dump
    assert "no plain file" in refusal(path)


@pytest.mark.parametrize("name", ["extra", "../outside", "/etc/cron.d/x"])
def test_a_file_that_the_manifest_does_not_name(path: Path, name: str) -> None:
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))

    assert "exactly the files" in refusal(path)


def test_one_of_a_newer_format(path: Path) -> None:
    def later(body: dict[str, Any]) -> None:
        body["format"] = 2

    rewritten(path, manifest=later)

    assert "does not know (2)" in refusal(path)


def test_a_manifest_with_what_nobody_knows(path: Path) -> None:
    def other(body: dict[str, Any]) -> None:
        body["weather"] = "fine"

    rewritten(path, manifest=other)

    assert "another than this version of Nexus knows" in refusal(path)


def why_not_restored(path: Path) -> str:
    with pytest.raises(UnusableBackup) as refused:
        restore(path=path)
    return str(refused.value)


def test_one_of_a_newer_version_of_nexus(path: Path) -> None:
    def later(body: dict[str, Any]) -> None:
        body["version"] = "9.9.9"
        body["migrations"]["ratings"].append("0099_later")

    rewritten(path, manifest=later)

    assert "9.9.9" in why_not_restored(path)
    assert "ratings.0099_later" in why_not_restored(path)


def test_one_of_a_newer_postgresql(path: Path) -> None:
    def later(body: dict[str, Any]) -> None:
        body["postgres"] = 99

    rewritten(path, manifest=later)

    assert "PostgreSQL 99" in why_not_restored(path)
