"""One running Nexus per home."""

import fcntl
from typing import IO

from nexus.launch.errors import CannotStart
from nexus.lib.home import Home


class AlreadyRunning(CannotStart):
    """Another Nexus holds this home."""


def prepare_home(home: Home) -> None:
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        home.lock_file.touch()
        home.ensure_secret_key()
    except OSError as error:
        raise CannotStart(
            f"The data folder {home.path} cannot be written ({error.strerror}): "
            "set NEXUS_HOME to a folder of yours."
        ) from error


def lock_home(home: Home) -> IO[str]:
    """Hold the home until the file is closed; the kernel frees it if we crash."""
    file = home.lock_file.open("r+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise AlreadyRunning(
            f"Another Nexus already runs in {home.path}: stop it, or set NEXUS_HOME."
        ) from error
    return file
