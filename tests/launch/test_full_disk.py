"""The disk of the database is full: writes are refused, and nothing else.

The program runs on a small file system of its own, in a namespace where we may mount.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.launch.program import LIMIT_S, Program

pytestmark = pytest.mark.installation

MOUNT: Final = "mount -t tmpfs -o size=320m none"
MANY: Final = 5_000  # a dozen of them fill a page of the database
ACCOUNT: Final = {
    "name": "Ada",
    "email": "ada@example.org",
    "password": "correct-horse-7",
}
PLAYLIST: Final = {"name": "For the winter", "description": "There is no spoon. " * 30}
READ: Final = ("/movies/603/", "/movies/?search=matrix", "/playlists/", "/ratings/")


class Confined(Program):
    """A program whose home is a small disk, which is gone when it ends."""

    script = f'{MOUNT} "$NEXUS_HOME" && exec "$0" "$@"'
    words = ("unshare", "-rm", "sh", "-c", script, *Program.words)

    @property
    def disk(self) -> Path:
        """Its home as it sees it itself."""
        return Path(f"/proc/{self.process.pid}/root{self.home}")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confined]:
    if not may_mount(tmp_path):
        pytest.skip("nobody may mount anything here")
    program = Confined(tmp_path / "home")
    program.home.mkdir()
    program.start(RATE_LIMITS="off")
    program.watchdog.cancel()  # it takes a while until the disk is full
    yield program
    assert program.end(signal.SIGTERM) == 0


def may_mount(folder: Path) -> bool:
    try:
        words = ["unshare", "-rm", "sh", "-c", f'{MOUNT} "$0"', str(folder)]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def member(program: Confined) -> Iterator[httpx.Client]:
    base = f"http://127.0.0.1:{program.port}/api"
    with httpx.Client(base_url=base, timeout=LIMIT_S) as found:
        told = found.post("/auth/register/", json=ACCOUNT).raise_for_status().json()
        found.headers["Authorization"] = f"Bearer {told['access']}"
        yield found


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    for size in (2**20, 4096):
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(size)):
                pass
    return ballast


def write_until_refused(member: httpx.Client) -> tuple[list[str], httpx.Response]:
    """Make playlists; return those that were acknowledged, and the refusal."""
    made: list[str] = []
    while len(made) < MANY:
        answer = member.post("/playlists/", json=PLAYLIST)
        if not answer.is_success:
            return made, answer
        made.append(answer.json()["id"])
    raise AssertionError("the disk was never full")


def test_writes_are_refused_and_reads_go_on(
    program: Confined, member: httpx.Client
) -> None:
    ballast = fill(program.disk)

    made, refusal = write_until_refused(member)
    reads = [member.get(path) for path in READ]
    ballast.unlink()
    after = member.post("/playlists/", json=PLAYLIST)

    assert refusal.status_code == 503, refusal.text
    assert refusal.json()["code"] == "database_full"
    assert "Retry-After" in refusal.headers
    assert [one.status_code for one in reads] == [200] * len(READ)
    assert after.status_code == 201
    made.append(after.json()["id"])
    found = [member.get(f"/playlists/{one}/").status_code for one in made]
    assert found == [200] * len(made)
    assert program.process.poll() is None
