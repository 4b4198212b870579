"""The entry point: `run`, or a Django command with the embedded database around it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from nexus.env import WrongVariable, load_env_file
from nexus.launch.child import django
from nexus.launch.errors import CannotStart
from nexus.launch.examine import (
    NO_DATABASE,
    examine_without_database,
    examine_without_settings,
    has_database,
)
from nexus.launch.homes import AlreadyRunning, lock_home
from nexus.launch.postgres import EmbeddedPostgres
from nexus.lib.home import Home

NEED_NO_DATABASE: tuple[list[str], ...] = (
    [],
    ["help"],
    ["--help"],
    ["version"],
    ["--version"],
    ["export_openapi"],
)


def main(words: list[str]) -> int:
    """Return the exit code; what a person can mend is one line without a traceback."""
    words = [*map(as_module, words[:1]), *words[1:]]
    try:
        load_env_file()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
        # Imported late: the settings are read from the environment just loaded.
        from nexus import settings  # noqa: PLC0415
        from nexus.launch.run import ready, run  # noqa: PLC0415

        ours = {"run": run, "ready": ready}
        if words and words[0] in ours:
            refuse_arguments(words)
            return ours[words[0]]()
        if words[:1] == ["doctor"]:
            return examine(words, settings.HOME, embedded=settings.IS_EMBEDDED)
        needs_database = settings.IS_EMBEDDED and needs_one(words)
        with database_of(settings.HOME, embedded=needs_database):
            return django(words)
    except WrongVariable as error:
        if words[:1] == ["doctor"]:
            return examine_without_settings(words, error)
        return refused(error)
    except CannotStart as error:
        return refused(error)


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
    return not only_looks and words[:1] not in NEED_NO_DATABASE


def examine(words: list[str], home: Home, *, embedded: bool) -> int:
    try:
        if embedded and not has_database(home):
            raise CannotStart(NO_DATABASE)
        with database_of(home, embedded=embedded):
            return django(words)
    except CannotStart as error:
        return examine_without_database(words, error)


@contextmanager
def database_of(home: Home, *, embedded: bool) -> Iterator[None]:
    """Make the database reachable: a running Nexus serves it already, else start it."""
    if not embedded:
        yield
        return
    postgres = EmbeddedPostgres(home)
    try:
        lock = lock_home(home)
    except AlreadyRunning:
        postgres.wait_for_other()
        yield
        return
    with lock, postgres:
        yield
