"""The embedded PostgreSQL: one server per home, on a Unix socket only."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from nexus.launch.child import before_postgres
from nexus.launch.errors import CannotStart
from nexus.lib.home import Home
from nexus.lib.postgres_programs import embedded_programs

DATABASE = "nexus"
USER = "nexus"
PORT = 5432  # names the socket; what PGPORT says is for other servers
START_LIMIT_S = 60.0
STOP_LIMIT_S = 60.0
NOBODY = 2**22 + 1  # above the kernel's largest process id
# The log says that a statement failed, not the row it was about: a taken mail address
# would stand there, and the hash of the password that was sent with it.
DISCREET = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


def find_binaries() -> Path:
    """Locate the server's programs; raises CannotStart."""
    folder = embedded_programs()
    if folder is None:
        raise CannotStart(
            "There is no embedded PostgreSQL for this system: set DATABASE_URL."
        )
    return folder


class EmbeddedPostgres:
    """Use as a context manager: running inside, stopped after."""

    def __init__(
        self, home: Home, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        fixed = {"listen_addresses": "", "timezone": "UTC"} | DISCREET
        self.settings = fixed | dict(settings or {})
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

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        try:
            make_socket_dir(self.home.socket_dir)
            if not has_cluster(self.home.postgres_dir):
                create_cluster(self.home)
            stop_orphan(self.home.postgres_dir)
            self.process = self.spawn()
        except OSError as error:
            raise CannotStart(
                f"PostgreSQL cannot use {error.filename or self.home.path} "
                f"({error.strerror}): set NEXUS_HOME to a folder of yours."
            ) from error
        try:
            self.wait_until_ready()
            self.create_database()
        except BaseException:
            self.stop()
            raise

    def spawn(self) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        data_dir, socket_dir = str(self.home.postgres_dir), str(self.home.socket_dir)
        places = ["-D", data_dir, "-k", socket_dir, "-p", str(PORT)]
        return popen_as_postgres(["postgres", *places, *options], self.home)

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + START_LIMIT_S
        assert self.process is not None
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise CannotStart(
                    f"PostgreSQL did not start: {reason_in(self.home.postgres_log)} "
                    f"(the whole log: {self.home.postgres_log})"
                )
            time.sleep(0.05)

    def wait_for_other(self) -> None:
        """Wait for the server of another Nexus, which may be starting."""
        give_up_at = time.monotonic() + START_LIMIT_S
        while not self.answers():
            if time.monotonic() > give_up_at:
                raise CannotStart(
                    f"Another Nexus holds {self.home.path}, but its database does not "
                    "answer: stop it, or set NEXUS_HOME."
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
            host=str(self.home.socket_dir),
            port=PORT,
            user=USER,
            dbname=database,
            autocommit=True,
        )

    def create_database(self) -> None:
        with closing(self.connect("postgres")) as connection:
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


def popen_as_postgres(command: list[str], home: Home) -> subprocess.Popen[bytes]:
    """Start one of PostgreSQL's programs, its output going to the home's log.

    The log of the start before is kept: why that one ended may stand there.
    """
    program = find_binaries() / command[0]
    with suppress(FileNotFoundError):
        home.postgres_log.replace(home.former_postgres_log)
    try:
        with home.postgres_log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603  the program is our own dependency's
                [str(program), *command[1:]],
                cwd=home.path,  # as root we cannot enter everything
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the launcher, which stops us
                preexec_fn=before_postgres(signal.SIGINT),  # noqa: PLW1509  others sleep
            )
    except subprocess.SubprocessError as error:
        raise CannotStart(
            "PostgreSQL refuses to run as root, and this system allows no user "
            "namespaces: start Nexus as an ordinary user, or set DATABASE_URL."
        ) from error
    except PermissionError as error:
        raise CannotStart(
            f"PostgreSQL cannot run as root from a folder of another user ({program}): "
            "start Nexus as that user, or set DATABASE_URL."
        ) from error


def make_socket_dir(path: Path) -> None:
    """Make the socket's folder ours alone; a folder of somebody else's is refused."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.lstat().st_uid != os.geteuid():
        raise CannotStart(
            f"{path} belongs to another user: remove it, or set NEXUS_HOME."
        )
    path.chmod(0o700)


def has_cluster(data_dir: Path) -> bool:
    if (data_dir / "PG_VERSION").exists():
        return True
    if data_dir.exists() and any(data_dir.iterdir()):
        raise CannotStart(
            f"{data_dir} is damaged: restore it from a backup, or remove it to "
            "start with an empty database."
        )
    return False


def create_cluster(home: Home) -> None:
    """Create the data folder under another name, so that half of one never counts."""
    unfinished = home.path / "postgres.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    options = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    command = ["initdb", "-D", str(unfinished), *options]
    with popen_as_postgres(command, home) as initdb:
        code = initdb.wait()
    if code != 0:
        raise CannotStart(
            f"PostgreSQL could not be set up: {reason_in(home.postgres_log)} "
            "(if the folder is the trouble, set NEXUS_HOME to one of your own)"
        )
    unfinished.rename(home.postgres_dir)


def stop_orphan(data_dir: Path) -> None:
    """Clear what a crash left: a server without its launcher, or only its pid file.

    PostgreSQL takes any process with the recorded number for itself, so that after a
    reboot it may refuse to start because of a stranger. Only the number is changed: by
    the rest of the file PostgreSQL sees whether parts of the old server still run.
    """
    pid_file = data_dir / "postmaster.pid"
    try:
        first, separator, rest = pid_file.read_text(encoding="utf-8").partition("\n")
        pid = int(first)
    except FileNotFoundError:
        return
    except ValueError:
        pid_file.unlink()  # the server crashed before it had written it
        return
    if is_postgres(pid, data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        wait_for_end(pid, data_dir)
    elif Path(f"/proc/{pid}").exists():
        pid_file.write_text(f"{NOBODY}{separator}{rest}", encoding="utf-8")


def is_postgres(pid: int, data_dir: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return (
        str(data_dir).encode() in words
        and Path(os.fsdecode(words[0])).name == "postgres"
    )


def wait_for_end(pid: int, data_dir: Path) -> None:
    give_up_at = time.monotonic() + STOP_LIMIT_S
    while is_postgres(pid, data_dir):
        if time.monotonic() > give_up_at:
            raise CannotStart(
                f"An older PostgreSQL (process {pid}) does not stop: end it first."
            )
        time.sleep(0.05)


def reason_in(log: Path) -> str:
    """Return the last complaint; what follows one is seldom the reason."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    complaints = [
        line.partition(mark)[2].strip()
        for line in lines
        for mark in ("FATAL:", "PANIC:", "error:")
        if mark in line
    ]
    return [*lines[-1:], *complaints][-1] if lines else "no reason given"
