"""What the commands of backups share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from nexus.console import NOT_NOW, failures_told, first_line


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
