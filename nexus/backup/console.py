"""What the commands of backups share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from django.core.management.base import BaseCommand, CommandError

from nexus.backup.archive import Told, silent
from nexus.console import NOT_NOW, failures_told, first_line, shown

MB: Final = 1_000_000
WORDS: Final[Mapping[str, str]] = {
    "write": "MB written",
    "check": "MB checked",
    "load": "MB loaded; indexes follow",
}


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Tell failures as `failures_told`, those of the disk too."""
    try:
        with failures_told():
            yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or first_line(error) or type(error).__name__
        raise CommandError(f"{place}{reason}.", returncode=NOT_NOW) from error


@contextmanager
def bytes_shown(command: BaseCommand) -> Iterator[Callable[[str], Told]]:
    """Show on a terminal how far each stage is; yields whom a stage tells it.

    Anywhere else nobody is told: the outcome is one line.
    """
    if not command.stderr.isatty():
        yield lambda stage: silent
        return
    with shown(command, WORDS) as show:
        yield lambda stage: lambda done, total: show(stage, done // MB, total // MB)
