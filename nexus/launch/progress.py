"""What the person at the terminal sees while something takes its time."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

QUIET_S = 2.0


def say(text: str) -> None:
    write(text + "\n")


def write(text: str) -> None:
    """Write at once; that nobody reads us any more is no reason to fail."""
    with suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def step(label: str) -> Iterator[None]:
    """Report a step in one line; after two seconds the line is begun and counts on.

    A quick step's line is written at once, so that no log line falls into it.
    """
    started = time.monotonic()
    done, shown = threading.Event(), threading.Event()
    ticker = threading.Thread(target=tick, args=(label, done, shown), daemon=True)
    ticker.start()
    outcome = "stopped"
    try:
        yield
        outcome = "done"
    except Exception:
        outcome = "failed"
        raise
    finally:
        done.set()
        ticker.join()
        beginning = "" if shown.is_set() else f"{label} ..."
        say(f"{beginning} {outcome} ({time.monotonic() - started:.1f} s)")


def tick(label: str, done: threading.Event, shown: threading.Event) -> None:
    started = time.monotonic()
    while not done.wait(QUIET_S):
        beginning = "" if shown.is_set() else f"{label} ..."
        write(f"{beginning} {time.monotonic() - started:.0f}s")
        shown.set()
