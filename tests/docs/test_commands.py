"""What the documents tell to type can be typed: commands, verbs and options."""

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands, load_command_class

from nexus.env import PROJECT_DIR
from nexus.launch.help import OURS

PAGES: Final = sorted([*PROJECT_DIR.glob("*.md"), *PROJECT_DIR.glob("docs/**/*.md")])
CODE: Final = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
CALL: Final = re.compile(
    r"(?:(?<![\w/=])(?:bin/)?nexus|deploy/as-service) (?!nexus)([a-z][\w-]*)([^`|#\n]*)"
)
OPTION: Final = re.compile(r"(?<!\S)--[a-z][a-z-]*")
ALONE: Final = re.compile(r"`(--[a-z][a-z-]*)")
OF_PROGRAMS: Final = re.compile(r'"(--[a-z][a-z-]+)"')


@cache
def words_of(name: str) -> set[str]:
    """Return the options of a command, and the verbs where it has some."""
    if name in {*OURS, "help"}:
        return {"--help"}
    command = load_command_class(get_commands()[name], name)
    return set(words_in(command.create_parser("nexus", name)))


def words_in(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                yield verb
                yield from words_in(below)


def calls_in(text: str) -> list[tuple[str, str]]:
    return [call for code in CODE.findall(text) for call in CALL.findall(code)]


def options_elsewhere() -> set[str]:
    """Return those of the programs that measure."""
    files = [
        *PROJECT_DIR.glob("bench/**/*.py"),
        *PROJECT_DIR.glob("nexus/engine/**/*.py"),
    ]
    return {one for path in files for one in OF_PROGRAMS.findall(path.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_it_names_commands_and_options_that_exist(page: Path) -> None:
    for name, rest in calls_in(page.read_text(encoding="utf-8")):
        module = name.replace("-", "_")
        assert module in {*get_commands(), *OURS, "help"}, name
        assert set(OPTION.findall(rest)) <= words_of(module), (name, rest)


def test_options_that_stand_alone_are_of_some_command() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    ours = {name for name, app in get_commands().items() if app.startswith("nexus.")}
    known = set().union(*map(words_of, ours)) | options_elsewhere()

    assert set(ALONE.findall(text)) <= known


def test_the_page_about_it_tells_of_every_part() -> None:
    page = (PROJECT_DIR / "docs" / "deploy.md").read_text(encoding="utf-8")

    names = {name for name, _ in calls_in(page)}

    assert {"backup", "createadmin", "doctor", "ready", "restore", "run"} <= names
    assert "worker" in names
