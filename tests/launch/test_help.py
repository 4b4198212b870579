"""Help is told by each command, and changes nothing."""

from pathlib import Path

import pytest
from django.core.management import get_commands

from nexus.launch.commands import OURS, needs_one
from tests.launch.program import call

COMMANDS = sorted(name for name, app in get_commands().items() if "nexus." in app)


@pytest.mark.parametrize("words", [[], ["help"], ["-h"]], ids=str)
def test_it_lists_all_commands(tmp_path: Path, words: list[str]) -> None:
    ended = call(tmp_path / "home", *words)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("nexus run\n    Start the product")
    assert "\nnexus ready\n" in ended.stdout
    assert set(COMMANDS) <= set(ended.stdout.split())
    assert not (tmp_path / "home").exists()


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
