"""Long work in a process of its own: its memory, its interpreter lock, low priority.

A job that computes for minutes in a thread of the worker would slow every request of
the web process down, and hold its end up. So a job of this kind only waits, and takes
no thread; what it waits for ends when the process that waits does.
"""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import Final

from nexus.lib.parents import end_with

logger = logging.getLogger(__name__)

POLITENESS: Final = 10  # of 19


class CommandFailed(Exception):
    """The command's own words are in the log."""


async def run_apart(*words: str) -> str:
    """Run one of Django's commands to its end; return what it wrote.

    Raises CommandFailed. Whoever cancels this ends the command.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        told, _ = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
        raise
    if process.returncode:
        raise CommandFailed(f"{words[0]} ended with {process.returncode}")
    text = told.decode(errors="replace").strip()
    logger.info("%s: %s", words[0], text)
    return text


def main(words: list[str]) -> None:
    """Run the command here, in the new process."""
    end_with(os.getppid(), signal.SIGTERM)
    os.nice(POLITENESS)
    # It counts nothing, and would leave files behind among those of the web processes.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(["nexus", *words])


if __name__ == "__main__":
    main(sys.argv[1:])
