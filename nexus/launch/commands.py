"""The entry point: `run`, or a Django command with the embedded database around it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nexus.doctor.env_file import mistaken_lines
from nexus.env import WrongVariable, load_env_file
from nexus.launch.child import django
from nexus.launch.errors import CannotStart
from nexus.launch.examine import (
    NO_DATABASE,
    examine_without_database,
    examine_without_settings,
    has_database,
)
from nexus.launch.help import asks_for_help, tell_help
from nexus.launch.homes import AlreadyRunning, lock_home
from nexus.launch.postgres import EmbeddedPostgres
from nexus.lib.home import Home

NEED_NO_DATABASE: Final = (["version"], ["--version"], ["export_openapi"])


def main(words: list[str]) -> int:
    """Return the exit code; what a person can mend is one line without a traceback."""
    named = 2 if words[:1] == ["help"] else 1
    words = [*map(as_module, words[:named]), *words[named:]]
    if asks_for_help(words) and tell_help(words):
        return 0
    try:
        load_env_file()
        if starts_something(words):
            tell_mistaken_lines()
        return obey(words)
    except WrongVariable as error:
        if words[:1] == ["doctor"]:
            return examine_without_settings(words, error)
        return refused(error)
    except CannotStart as error:
        return refused(error)


def starts_something(words: list[str]) -> bool:
    return words[:1] in (["run"], ["worker"]) and "--healthy" not in words


def tell_mistaken_lines() -> None:
    for message in mistaken_lines():
        sys.stderr.write(f"nexus: {message}\n")


def obey(words: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    # Imported late: the settings are read from the environment just loaded.
    from nexus import settings  # noqa: PLC0415
    from nexus.launch.run import ready, run  # noqa: PLC0415

    ours = {"run": run, "ready": ready}
    if words and words[0] in ours:
        refuse_arguments(words)
        return ours[words[0]]()
    if words[:1] == ["doctor"] and not asks_for_help(words):
        return examine(words, settings.HOME, embedded=settings.IS_EMBEDDED)
    needs_database = settings.IS_EMBEDDED and needs_one(words)
    with database_of(settings.HOME, embedded=needs_database):
        return django(words)


def as_module(word: str) -> str:
    """Return the name of the command's module, which cannot have hyphens."""
    return word if word.startswith("-") else word.replace("-", "_")


def refuse_arguments(words: list[str]) -> None:
    if len(words) > 1:
        raise CannotStart(
            f"`{words[0]}` takes no arguments; .env.example names what does."
        )


def refused(error: Exception) -> int:
    sys.stderr.write(f"nexus: {error}\n")
    return 2


def needs_one(words: list[str]) -> bool:
    """Say whether the command needs a database."""
    only_looks = words[:1] == ["restore"] and "--check" in words
    return not (only_looks or asks_for_help(words) or words[:1] in NEED_NO_DATABASE)


def examine(words: list[str], home: Home, *, embedded: bool) -> int:
    try:
        if embedded and not has_database(home):
            raise CannotStart(NO_DATABASE)
        with database_of(home, embedded=embedded, makes_key=False):
            return django(words)
    except CannotStart as error:
        return examine_without_database(words, error)


@contextmanager
def database_of(
    home: Home, *, embedded: bool, makes_key: bool = True
) -> Iterator[None]:
    """Make the database reachable: a running Nexus serves it already, else start it."""
    if not embedded:
        yield
        return
    postgres = EmbeddedPostgres(home)
    try:
        lock = lock_home(home, makes_key=makes_key)
    except AlreadyRunning:
        postgres.wait_for_other()
        yield
        return
    with lock, postgres:
        yield
