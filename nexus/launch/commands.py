"""The entry point: `run`, or a Django command with the embedded database around it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from nexus.env import WrongVariable, load_env_file
from nexus.launch.child import django
from nexus.launch.errors import CannotStart
from nexus.launch.homes import AlreadyRunning, lock_home
from nexus.launch.postgres import EmbeddedPostgres
from nexus.lib.home import Home

NEED_NO_DATABASE: tuple[list[str], ...] = (
    [],
    ["help"],
    ["--help"],
    ["version"],
    ["--version"],
)


def main(words: list[str]) -> int:
    """Return the exit code; what a person can mend is one line without a traceback."""
    try:
        load_env_file()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
        # Imported late: the settings are read from the environment just loaded.
        from nexus import settings  # noqa: PLC0415
        from nexus.launch.run import run  # noqa: PLC0415

        if words == ["run"]:
            return run()
        if words[:1] == ["run"]:
            raise CannotStart("`run` takes no arguments; .env.example names what does.")
        needs_database = settings.IS_EMBEDDED and words[:1] not in NEED_NO_DATABASE
        with database_of(settings.HOME, embedded=needs_database):
            return django(words)
    except (CannotStart, WrongVariable) as error:
        sys.stderr.write(f"nexus: {error}\n")
        return 2


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
