"""What the commands of backups share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import Error

from nexus.console import NOT_NOW, failures_told


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Tell failures as `failures_told`, those of the disk and of the database too."""
    try:
        with failures_told():
            yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{place}{error.strerror}.", returncode=NOT_NOW) from error
    except Error as error:
        reason = str(error).strip().partition("\n")[0]
        raise CommandError(f"The database: {reason}", returncode=NOT_NOW) from error
