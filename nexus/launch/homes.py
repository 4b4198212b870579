"""One running Nexus per home."""

import fcntl
from typing import IO

from nexus.launch.errors import CannotStart
from nexus.lib.home import Home


class AlreadyRunning(CannotStart):
    """Another Nexus holds this home."""


def lock_home(home: Home, *, makes_key: bool = True) -> IO[str]:
    """Make the home and hold it until the file is closed; a crash frees it too.

    The key is made where it is missing, but not for whom its loss is to be seen.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        file = home.lock_file.open("a", encoding="ascii")
    except OSError as error:
        raise unusable(home, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if makes_key:
            home.ensure_secret_key()
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunning(
            f"Another Nexus already runs in {home.path}: stop it, or set NEXUS_HOME."
        ) from error
    except OSError as error:
        file.close()
        raise unusable(home, error) from error
    return file


def unusable(home: Home, error: OSError) -> CannotStart:
    return CannotStart(
        f"The data folder {home.path} cannot be written ({error.strerror}): "
        "set NEXUS_HOME to a folder of yours."
    )
