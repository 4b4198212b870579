"""Lines of `.env` that nobody reads are told, by their names and never by values."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nexus.doctor.env_file import EXAMPLE, unread_lines
from nexus.env import PROJECT_DIR
from tests.launch.program import environment

SECRET = "tK9wq3ZrX0vB7nM2LpA8"
LINES = f"""
# PORT=1

PORT=eighty
export METRICS_TOKEN_FILE=/run/token
COMPOSE_PROJECT_NAME=films
DATABSE_URL=postgresql://nexus:{SECRET}@db/nexus
NEXUS_EDGE_CACHE_MBB=12
{SECRET}
{SECRET}=
MY_BACKUP_DIR={SECRET}
"""
TOLD = [
    "Line 7 of .env: Nexus reads no DATABSE_URL; DATABASE_URL is near.",
    "Line 8 of .env: Nexus reads no NEXUS_EDGE_CACHE_MBB; EDGE_CACHE_MB is near.",
    "Line 9 of .env is not NAME=value, and says nothing.",
    "Line 10 of .env: Nexus reads no such name.",
    "Line 11 of .env: Nexus reads no MY_BACKUP_DIR.",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a `.env` of its own."""
    shutil.copytree(PROJECT_DIR / "nexus", tmp_path / "checkout" / "nexus")
    shutil.copy(EXAMPLE, tmp_path / "checkout")
    (tmp_path / "checkout" / ".env").write_text(LINES)
    (tmp_path / "checkout" / ".env").chmod(0o600)
    return tmp_path / "checkout"


def call(
    checkout: Path, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nexus", *words],
        cwd=checkout,
        env=environment(checkout / "home", **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_tells_what_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(LINES)

    assert [one.message for one in unread_lines(tmp_path / ".env")] == TOLD


def test_names_of_others_are_no_mistakes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(LINES)

    mistakes = [one.is_mistake for one in unread_lines(tmp_path / ".env")]

    assert mistakes == [True, True, True, False, False]


def test_the_example_holds_nothing_unread() -> None:
    assert list(unread_lines(EXAMPLE)) == []


def test_the_example_without_its_marks_holds_nothing_unread(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text().splitlines()
    (tmp_path / ".env").write_text(
        "\n".join(line.removeprefix("#") for line in lines if not line.startswith("# "))
    )

    said = [one.message for one in unread_lines(tmp_path / ".env")]

    assert [message for message in said if "reads no" in message] == []


@pytest.mark.parametrize("command", ["run", "worker"])
def test_the_start_tells_it_and_goes_on(checkout: Path, command: str) -> None:
    ended = call(checkout, command)

    # What ends it is the wrong value of a variable that there is.
    *told, last = ended.stderr.splitlines()
    assert told == [f"nexus: {line}" for line in TOLD]
    assert last.startswith("nexus: PORT is wrong")


def test_the_environment_is_not_judged(checkout: Path) -> None:
    (checkout / ".env").write_text("PORT=eighty")

    ended = call(checkout, "run", DATABSE_URL="x", KUBERNETES_PORT="tcp")

    assert len(ended.stderr.splitlines()) == 1


def test_doctor_tells_it(checkout: Path) -> None:
    ended = call(checkout, "doctor", "--json")

    found = json.loads(ended.stdout)["findings"]
    told = [(one["message"], one["status"]) for one in found if one["check"] == ".env"]
    assert [message for message, _ in told] == TOLD
    assert [status for _, status in told] == ["wrong"] * 3 + ["ok"] * 2
    assert SECRET not in ended.stdout + ended.stderr
