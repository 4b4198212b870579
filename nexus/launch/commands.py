"""The entry point: `run`, or a Django command with the embedded database around it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nexus.doctor.env_file import unread_lines
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
from nexus.launch.progress import say
from nexus.lib.home import Home

NEED_NO_DATABASE: Final = (["version"], ["--version"], ["export_openapi"])
STARTS: Final = (["run"], ["worker"])
HELP: Final = ("-h", "--help")
# What Django's list of commands does not know.
OURS: Final = {
    "run": "Start the product and serve until a signal comes: migrates the database, "
    "loads the starter catalogue. Variables say how; .env.example explains each.",
    "ready": "Say whether the web server of this machine serves: exit code 0, else 1.",
}


def main(words: list[str]) -> int:
    """Return the exit code; what a person can mend is one line without a traceback."""
    words = [*map(as_module, words[:1]), *words[1:]]
    if asks_for_help(words) and tell_help(words):
        return 0
    try:
        load_env_file()
        if words[:1] in STARTS:
            tell_unread_lines()
        return obey(words)
    except WrongVariable as error:
        if words[:1] == ["doctor"]:
            return examine_without_settings(words, error)
        return refused(error)
    except CannotStart as error:
        return refused(error)


def tell_unread_lines() -> None:
    for one in unread_lines():
        sys.stderr.write(f"nexus: {one.message}\n")


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


def asks_for_help(words: list[str]) -> bool:
    return words[:1] in ([], ["help"]) or any(word in HELP for word in words)


def tell_help(words: list[str]) -> bool:
    """Tell of ours what is asked; return whether Django has nothing to add."""
    about = [word for word in words if word not in ("help", *HELP)][:1]
    if not about:  # its own list follows
        for name, told in OURS.items():
            say(f"nexus {name}\n    {told}\n")
        return False
    if about[0] not in OURS:
        return False
    say(f"usage: nexus {about[0]}\n\n{OURS[about[0]]}")
    return True


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
