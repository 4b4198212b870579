"""What the person at the terminal sees while something takes its time."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_S = 2.0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def step(label: str) -> Iterator[None]:
    """Name a step, count its seconds once it takes longer than two, and close the line."""
    started = time.monotonic()
    done = threading.Event()
    sys.stdout.write(f"{label} ...")
    sys.stdout.flush()
    ticker = threading.Thread(target=tick, args=(started, done), daemon=True)
    ticker.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        done.set()
        ticker.join()
        say(f" {outcome} ({time.monotonic() - started:.1f} s)")


def tick(started: float, done: threading.Event) -> None:
    while not done.wait(QUIET_S):
        sys.stdout.write(f" {time.monotonic() - started:.0f}s")
        sys.stdout.flush()
