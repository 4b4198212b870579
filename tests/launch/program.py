"""The real program in a process of its own."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer
from time import monotonic

from nexus.env import PROJECT_DIR
from tests.servers import free_port

LIMIT_S = 60.0
ESTABLISHED, LISTENING = "01", "0A"  # in /proc/net/tcp
NEEDED = ("HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH")  # by the interpreter
FRUGAL = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # see tests.environment


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return what a terminal without any variable of ours would give the program."""
    names = [name for name in (*NEEDED, *FRUGAL) if name in os.environ]
    kept = {name: os.environ[name] for name in names}
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


@contextmanager
def running(
    home: Path, *words: str, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nexus", *words],
        cwd=PROJECT_DIR,
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal's signals reach all of its processes
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.002)


class Program:
    """`python -m nexus run` in one home; `told` is what it has printed last time."""

    words: tuple[str, ...] = (sys.executable, "-m", "nexus", "run")
    process: subprocess.Popen[str]
    watchdog: Timer

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.errors = home.with_name(f"{home.name}.stderr")
        self.told = ""
        self.is_running = False

    def start(self, **variables: str) -> None:
        """Start it and wait until it is ready."""
        self.begin(**variables)
        self.told = self.read_until("Stop with Ctrl-C")

    def begin(self, **variables: str) -> None:
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self.words,
                cwd=PROJECT_DIR,
                env=environment(self.home, PORT=str(self.port), **variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.is_running = True
        self.watchdog = Timer(LIMIT_S, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()

    @property
    def said(self) -> str:
        """What it complained about, without the log."""
        # What Python says of a signal in the middle of a callback of its own.
        text = self.errors.read_text().partition("Exception ignored in")[0]
        lines: list[str] = text.splitlines()
        return "\n".join(line for line in lines if not line.startswith("{"))

    def read_until(self, mark: str) -> str:
        assert self.process.stdout is not None
        told: str = ""
        for line in self.process.stdout:
            told += line
            if mark in line:
                return told
        raise AssertionError(f"it ended: {told}\n{self.said}")

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
        self.is_running = False
        return code

    def web_processes(self) -> list[int]:
        return children_of(self.pid_of("granian"), self.home)

    def pid_of(self, *words: str) -> int:
        """Return the first of its processes that was started with these words."""
        return next(
            pid
            for pid in sorted(processes_of(self.home))
            if set(words) <= set(command_of(pid))
        )


def processes_of(home: Path) -> set[int]:
    """Return every process that was started for this home and still lives."""
    mark = f"NEXUS_HOME={home}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


def children_of(parent: int, home: Path) -> list[int]:
    return sorted(pid for pid in processes_of(home) if parent_of(pid) == parent)


def parent_of(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


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


def connections_to(port: int) -> Counter[int]:
    """Count the open connections to a port by the process that has accepted them."""
    found: Counter[int] = Counter()
    accepted = sockets_at(port, ESTABLISHED)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) in accepted:
                found[int(link.parts[2])] += 1
    return found


def listeners_at(port: int) -> int:
    return len(sockets_at(port, LISTENING))


def sockets_at(port: int, state: str) -> set[str]:
    """Return the sockets at the port in this state, as the kernel names them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        f"socket:[{row[9]}]"
        for row in rows
        if row[1].endswith(f":{port:04X}") and row[3] == state
    }
