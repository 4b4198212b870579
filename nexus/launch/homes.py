"""One running Nexus per home."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from nexus.launch.errors import CannotStart
from nexus.lib.home import Home


class AlreadyRunning(CannotStart):
    """Another Nexus holds this home."""


@contextmanager
def hold_home(home: Home) -> Iterator[None]:
    """Make the home and keep it for ourselves; the kernel frees it if we crash."""
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        with home.lock_file.open("a", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            home.ensure_secret_key()
            yield
    except BlockingIOError as error:
        raise AlreadyRunning(
            f"Another Nexus already runs in {home.path}: stop it, or set NEXUS_HOME."
        ) from error
    except OSError as error:
        raise CannotStart(
            f"The data folder {home.path} cannot be written ({error.strerror}): "
            "set NEXUS_HOME to a folder of yours."
        ) from error
