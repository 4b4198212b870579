"""The real program in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from time import monotonic

from nexus.env import PROJECT_DIR
from tests.servers import free_port

LIMIT_S = 60.0


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return what a terminal without any variable of ours would give the program."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return kept | {"NEXUS_HOME": str(home)} | variables


def call(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "nexus", *words],
        cwd=PROJECT_DIR,
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


class Program:
    """`python -m nexus run`; `told` is what it has printed."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.port = int(variables.setdefault("PORT", str(free_port())))
        self.errors = home.with_name(f"{home.name}.stderr")
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nexus", "run"],
                cwd=PROJECT_DIR,
                env=environment(home, **variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.told = ""
        self.watchdog = Timer(LIMIT_S, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()

    @property
    def said(self) -> str:
        """What it complained about, without the log."""
        lines = self.errors.read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("{"))

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told += line
            if "Stop with Ctrl-C" in line:
                return
        raise AssertionError(f"it ended: {self.told}\n{self.said}")

    def end(self, number: signal.Signals) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self.process.stdout is not None
        self.told += self.process.stdout.read()
        code = self.process.wait(LIMIT_S)
        self.process.stdout.close()
        self.watchdog.cancel()
        return code

    def pid_of(self, *words: str) -> int:
        """Return the first of its processes that was started with these words."""
        return next(
            pid
            for pid in sorted(processes_of(self.home))
            if set(words) <= set(command_of(pid))
        )


@contextmanager
def running(home: Path, **variables: str) -> Iterator[Program]:
    program = Program(home, **variables)
    try:
        program.wait_until_ready()
        yield program
    finally:
        if program.process.poll() is None:
            program.end(signal.SIGTERM)


def processes_of(home: Path) -> set[int]:
    """Return every process that was started for this home and still lives."""
    mark = f"NEXUS_HOME={home}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


def command_of(pid: int) -> list[str]:
    """Return the words of the command, the program by its bare name."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        return [Path(words[0]).name, *words[1:]]
    return []


def wait_until_gone(home: Path) -> None:
    give_up_at = monotonic() + LIMIT_S
    while processes_of(home):
        assert monotonic() < give_up_at, [command_of(p) for p in processes_of(home)]
