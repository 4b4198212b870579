"""What the commands of all apps share: progress, signals, errors with exit codes."""

import logging
import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from nexus.database.migrations import pending_migrations
from nexus.lib.errors import InvalidError, NexusError, NotFoundError
from nexus.lib.progress import Progress

CANNOT_BE_DONE: Final = 2  # the exit code where another call is needed
NOT_NOW: Final = 1  # the same call may work another time


class OwnCommand(BaseCommand):
    """A command of ours, without Django's checks of the whole project before it.

    They import every view, which takes longer than most commands; `check` and `doctor`
    make them, and wrong variables are refused by the settings.
    """

    requires_system_checks: list[str] = []


class Bars:
    """A line of progress for each stage, one after the other."""

    def __init__(self, command: BaseCommand, words: Mapping[str, str]) -> None:
        self.command = command
        self.words = words
        self.stage = ""
        self.progress: Progress | None = None

    def show(self, stage: str, done: int, total: int) -> None:
        if self.progress is None or stage != self.stage:
            self.end()
            self.stage, self.progress = stage, self.begin(stage)
        self.progress.show(done, total)

    def begin(self, stage: str) -> Progress:
        is_terminal = self.command.stderr.isatty()
        return Progress(self.write, of=self.words[stage], is_terminal=is_terminal)

    def end(self) -> None:
        if self.progress is not None:
            self.progress.end()

    def write(self, text: str) -> None:
        """Write at once, into the line that is there."""
        self.command.stderr.write(text, style_func=str, ending="")
        self.command.stderr.flush()


@contextmanager
def shown(
    command: BaseCommand, words: Mapping[str, str]
) -> Iterator[Callable[[Any, int, int], None]]:
    """Show how far each stage is, and keep the log from writing into that line."""
    logger = logging.getLogger("nexus")
    before, bars = logger.level, Bars(command, words)
    logger.setLevel(max(logging.ERROR, logger.getEffectiveLevel()))
    try:
        yield bars.show
    finally:
        bars.end()
        logger.setLevel(before)


def refuse_unprepared() -> None:
    if pending_migrations():
        raise CommandError(
            "The database is not prepared, or is another one than you mean: start the "
            "product once, or run `python -m nexus prepare`.",
            returncode=2,
        )


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, and further ones not break its end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return

    def stop(number: int, frame: FrameType | None) -> None:
        for one in before:
            signal.signal(one, lambda number, frame: None)
        raise KeyboardInterrupt

    before: dict[int, Any] = {signal.SIGINT: None, signal.SIGTERM: None}
    before.update({one: signal.signal(one, stop) for one in before})
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def in_one_line(*, undone: str = "") -> Iterator[None]:
    """Do it on a database that is prepared, and tell failures as `failures_told`."""
    with failures_told(undone=undone):
        refuse_unprepared()
        yield


@contextmanager
def failures_told(*, undone: str = "") -> Iterator[None]:
    """Tell an anticipated failure in a line, with an exit code that says what helps.

    A signal that ends the program is a KeyboardInterrupt here, and heard once.
    `undone` is said besides when the database fails: what it leaves.
    """
    try:
        with stopped_by_signals():
            yield
    except (InvalidError, NotFoundError) as error:
        raise CommandError(str(error), returncode=CANNOT_BE_DONE) from error
    except NexusError as error:
        raise CommandError(str(error), returncode=NOT_NOW) from error
    except Error as error:
        told = f"{first_line(error)}. {undone}".rstrip()
        raise CommandError(told, returncode=NOT_NOW) from error


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdecimal() and low <= int(text) <= high:
            return int(text)
        raise ArgumentTypeError(f"{text!r:.40} is no whole number from {low} to {high}")

    return parse
