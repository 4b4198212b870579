"""Children that never outlive the launcher and can run PostgreSQL as root."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
UNPRIVILEGED_ID = 1000
STOP_LIMIT_S = 30.0
PASSED_ON = (signal.SIGINT, signal.SIGTERM)


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` after which the child gets the signal if we die."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))

    return prepare


def leave_root(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` for PostgreSQL, which refuses to run as user 0.

    In a user namespace of its own the child is user 1000 to itself while its files stay
    root's: no account is made, and a data folder below a private one (/root) works.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with_parent = die_with_parent(stop_signal)
    group = os.getgid()

    def prepare() -> None:
        if libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
        Path("/proc/self/uid_map").write_text(
            f"{UNPRIVILEGED_ID} 0 1", encoding="ascii"
        )
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/gid_map").write_text(
            f"{UNPRIVILEGED_ID} {group} 1", encoding="ascii"
        )
        with_parent()

    return prepare


def before_postgres(stop_signal: signal.Signals) -> Callable[[], None]:
    return (
        leave_root(stop_signal) if os.geteuid() == 0 else die_with_parent(stop_signal)
    )


def django(words: list[str]) -> int:
    """Run a Django command; return its exit code, or 128 and the signal that ended it.

    It shares our terminal, and what is to stop us is its business.
    """
    with subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, "-m", "nexus.manage", *words],
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  no threads yet
    ) as process:

        def pass_on(number: int, frame: FrameType | None) -> None:
            if number != signal.SIGINT or not is_in_foreground():
                process.send_signal(number)

        # Handlers, unlike SIG_IGN, are not inherited: the command has its own say.
        before = {one: signal.signal(one, pass_on) for one in PASSED_ON}
        try:
            code = process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def is_in_foreground() -> bool:
    """Say whether the terminal's Ctrl-C reaches the command without us."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


# glibc has threads take memory from arenas of their own, each of which stays as large
# as it once was: with two dozen threads a web process grew for long, by a third more.
# Threads of Python rarely allocate in the same moment.
ONE_ARENA: Final = {"MALLOC_ARENA_MAX": "1"}


@contextmanager
def service(words: list[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program beyond the reach of the terminal's Ctrl-C; stop it after."""
    process = subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, *words],
        env=ONE_ARENA | os.environ | variables,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  others sleep
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let the program end in order, then clear whatever is left of its processes."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
