"""What can be seen without a database: Python, libraries, the disk, permissions."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from django.conf import settings

from nexus.doctor.env_file import env_file
from nexus.doctor.findings import Finding, ok, unknown, wrong
from nexus.env import ENV_FILE, PROJECT_DIR, files_named

LEAST_PYTHON: Final = (3, 11)
LOCK: Final = PROJECT_DIR / "requirements" / "base.txt"
PIN: Final = re.compile(r"^([\w.-]+)==([\w.]+)( ;)?", re.MULTILINE)
OTHERS: Final = 0o007
GROUP_AND_OTHERS: Final = 0o077
SHOWN: Final = 5


def python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        return wrong("python", f"Python {found}.", remedy=f"Install {least} or newer.")
    return ok("python", f"Python {found}.")


def libraries() -> Finding:
    """Compare what is installed with what was locked."""
    try:
        pins = read_pins(LOCK.read_text(encoding="utf-8"))
    except OSError:
        return unknown("libraries", f"{LOCK} is not there to compare with.")
    faults = [fault for name, pin in pins.items() if (fault := fault_of(name, pin))]
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        return wrong(
            "libraries",
            f"Not as they were tested: {', '.join(faults[:SHOWN])}{more}.",
            remedy=f"{sys.executable} -m pip install --require-hashes -r {LOCK}",
        )
    return ok("libraries", f"All {len(pins)} are as they were tested.")


def read_pins(text: str) -> dict[str, tuple[set[str], bool]]:
    """Return by name: the versions, and whether each system and Python needs it."""
    found: dict[str, tuple[set[str], bool]] = {}
    for name, pinned, condition in PIN.findall(text):
        versions, _ = found.get(name, (set(), True))
        found[name] = (versions | {pinned}, not condition)
    return found


def fault_of(name: str, pin: tuple[set[str], bool]) -> str:
    versions, is_needed = pin
    try:
        installed = version(name)
    except PackageNotFoundError:
        return f"{name} is missing" if is_needed else ""
    if installed in versions:
        return ""
    return f"{name} is {installed} instead of {' or '.join(sorted(versions))}"


def disk(*, least_mb: int) -> Iterator[Finding]:
    for path in sorted({nearest(settings.HOME.path), nearest(settings.MODELS_DIR)}):
        usage = shutil.disk_usage(path)
        free = usage.free // 1_000_000
        told = f"{free} MB of {usage.total // 1_000_000} MB are free at {path}"
        if free < least_mb:
            yield wrong(
                "disk",
                f"{told}, and {least_mb} MB should be.",
                remedy="Make room, or move NEXUS_HOME or MODELS_DIR to a larger disk.",
            )
        else:
            yield ok("disk", f"{told}.")


def nearest(path: Path) -> Path:
    """Return the folder, or where it would be made."""
    return next(one for one in (path, *path.parents) if is_folder(one))


def is_folder(path: Path) -> bool:
    """Say so also of what we may not look at, or what cannot be there."""
    with suppress(OSError):
        return path.is_dir()
    return False


def is_in_the_way(path: Path) -> bool:
    with suppress(OSError):
        return path.exists() and not path.is_dir()
    return True


def folders() -> Iterator[Finding]:
    places = {"NEXUS_HOME": settings.HOME.path, "MODELS_DIR": settings.MODELS_DIR}
    for name, path in places.items():
        if is_in_the_way(path):
            yield wrong(
                "folders",
                f"{path} is no folder, or cannot be looked at.",
                remedy=f"Set {name} to another path, or move what is there.",
            )
        elif not os.access(nearest(path), os.W_OK | os.X_OK):
            yield wrong(
                "folders",
                f"{nearest(path)} cannot be written by user {os.geteuid()}.",
                remedy=f"Give it to that user (chown), or set {name} to another.",
            )
        else:
            yield ok("folders", f"{path} can be written.")


def key() -> Finding:
    """Look at the key's file; a key in a variable was looked at by the settings."""
    if os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        return ok("secret key", "SECRET_KEY is set.")
    path = settings.HOME.secret_key_file
    if settings.HOME.find_secret_key() is None:
        return wrong(
            "secret key",
            f"{path} is not there, is empty or cannot be read: each process would sign "
            "with a key of its own.",
            remedy="Start the product once, or bring the file back; as its own user.",
        )
    return seen_by(path, GROUP_AND_OTHERS, check="secret key")


def seen_by(path: Path, too_open: int, *, check: str) -> Finding:
    mode = path.stat().st_mode & 0o777
    if mode & too_open:
        return wrong(
            check,
            f"{path} can be read by others (mode {mode:o}).",
            remedy=f"chmod 600 {path}",
        )
    return ok(check, f"{path} is its owner's alone.")


def secret_files() -> Iterator[Finding]:
    """Look at the files that secrets are read from.

    What an orchestrator puts below /run is for its container alone, whatever its mode.
    """
    for path in paths_of_secrets():
        if not os.access(path, os.R_OK):
            yield wrong(
                "secrets",
                f"{path} cannot be read by user {os.geteuid()}.",
                remedy=f"Give it to that user: chown {os.geteuid()} {path}",
            )
        elif path.is_relative_to("/run"):
            yield ok("secrets", f"{path} can be read.")
        else:
            yield seen_by(path, OTHERS, check="secrets")


def paths_of_secrets() -> list[Path]:
    return [*files_named(), *([ENV_FILE] if ENV_FILE.is_file() else [])]


def machine(*, least_mb: int) -> list[Finding]:
    return [
        *env_file(),
        python(),
        libraries(),
        *disk(least_mb=least_mb),
        *folders(),
        key(),
        *secret_files(),
    ]
