"""Help is told by each command, and changes nothing."""

from pathlib import Path

import pytest
from django.core.management import get_commands

from nexus.launch.commands import needs_one
from nexus.launch.help import COMMANDS as LISTED
from nexus.launch.help import OURS
from tests.launch.program import call

COMMANDS = sorted(name for name, app in get_commands().items() if "nexus." in app)


@pytest.mark.parametrize("words", [[], ["help"], ["-h"]], ids=str)
def test_it_lists_our_commands(tmp_path: Path, words: list[str]) -> None:
    ended = call(tmp_path / "home", *words)

    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[2].split()[:3] == ["run", "start", "the"]
    assert "nexus help --commands" in lines[-1]
    assert max(map(len, lines)) <= 80
    assert not (tmp_path / "home").exists()


def test_it_leaves_no_command_out() -> None:
    ours = {name.replace("_", "-") for name in COMMANDS}

    assert set(LISTED) == ours | set(OURS)


def test_it_names_djangos_when_asked(tmp_path: Path) -> None:
    ended = call(tmp_path / "home", "help", "--commands")

    assert {*COMMANDS, "migrate", "shell"} <= set(ended.stdout.split())
    assert not (tmp_path / "home").exists()


def test_it_knows_a_command_by_the_name_it_lists(tmp_path: Path) -> None:
    ended = call(tmp_path / "home", "help", "export-openapi")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: nexus export_openapi ")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("before", [True, False])
def test_the_launchers_own_commands_tell_theirs(
    tmp_path: Path, name: str, *, before: bool
) -> None:
    ended = call(tmp_path / "home", *(["help", name] if before else [name, "--help"]))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"usage: nexus {name}\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.installation
@pytest.mark.parametrize("name", [*COMMANDS, "migrate"])
def test_every_command_leaves_the_home_alone(tmp_path: Path, name: str) -> None:
    ended = call(tmp_path / "home", name.replace("_", "-"), "--help")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"usage: nexus {name} ")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("help_word", ["-h", "--help"])
@pytest.mark.parametrize("name", COMMANDS)
def test_it_needs_no_database(name: str, help_word: str) -> None:
    assert not needs_one([name, "any", help_word])
    assert not needs_one(["help", name])
