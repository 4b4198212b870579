"""`make run`: the whole product on one machine, in the foreground."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from types import FrameType

import psycopg

from nexus import __version__, settings
from nexus.launch.child import service
from nexus.launch.errors import CannotStart
from nexus.launch.granian_log import CONFIGURATION
from nexus.launch.homes import lock_home
from nexus.launch.postgres import EmbeddedPostgres
from nexus.launch.progress import say, step

START_LIMIT_S = 60.0
MOST_BUFFERS_MB = 2_048
SHARED_MEMORY = "/dev/shm"  # noqa: S108  the folder in it is ours alone
CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
OTHER_CONNECTIONS = 30  # of workers elsewhere, commands, backups
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

STOPPING = threading.Event()


class Stop(BaseException):
    """A signal asked us to end."""


def run() -> int:
    """Serve until a signal comes or a part dies; return the exit code."""
    try:
        heed_signals()
        say(f"Nexus {__version__}")
        with ExitStack() as stack:
            parts = start(stack)
            say(banner())
            dead = wait_for_any(parts)
        sys.stderr.write(f"nexus: {dead} has ended by itself; the log says why.\n")
    except Stop:
        say("Nexus has stopped.")
        return 0
    return 1


def heed_signals() -> None:
    for number in STOP_SIGNALS:
        # Under nohup the end of the terminal is not ours.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, raise_stop)


def raise_stop(number: int, frame: FrameType | None) -> None:
    # Once only: a second Ctrl-C must not break the orderly stop of the children.
    for other in STOP_SIGNALS:
        signal.signal(other, ignore)
    with suppress(OSError):
        # Past sys.stdout, which may be in the middle of a line of its own.
        os.write(1, b"\nStopping ...\n")
    STOPPING.set()
    raise Stop


def heed_missed_stop() -> None:
    """Raise the Stop that Python dropped: it does so inside of a weak reference."""
    if STOPPING.is_set():
        raise Stop


def ignore(number: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN this also takes a signal that has already arrived."""


def start(stack: ExitStack) -> dict[int, str]:
    """Start everything; return what has to keep running, by process id."""
    parts = {}
    check_configuration()
    stack.enter_context(lock_home(settings.HOME))
    host = check_address(settings.HOST, settings.PORT)
    if settings.IS_EMBEDDED:
        with step("Starting PostgreSQL"):
            postgres = stack.enter_context(
                EmbeddedPostgres(settings.HOME, settings=database_settings())
            )
        parts[postgres.pid] = "PostgreSQL"
    else:
        check_database()
    with step("Preparing the database"):
        prepare_database()
    with step("Starting the web server"):
        counts = stack.enter_context(folder_of_counts())
        web = stack.enter_context(service(web_command(host), **counts))
        try:
            wait_until_ready(web)
        except BaseException:
            web.kill()  # it serves nobody yet: there is nothing to wait for
            raise
    return parts | {web.pid: "The web server"}


def wait_for_any(parts: Mapping[int, str]) -> str:
    """Sleep until one of the parts ends; return its name."""
    while True:
        heed_missed_stop()
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        if ended.si_pid in parts:
            return parts[ended.si_pid]
        os.waitpid(ended.si_pid, 0)  # an orphan, left to us as process 1 of a container


def check_configuration() -> None:
    if sys.platform != "linux":
        raise CannotStart("Nexus runs on Linux only: use a virtual machine elsewhere.")
    if settings.WEB_WORKERS > 1 and not settings.VALKEY_URL:
        raise CannotStart(
            "WEB_WORKERS above 1 needs VALKEY_URL: "
            "web processes share limits and caches there."
        )


def check_address(host: str, port: int) -> str:
    """Return the numeric form of a host that can be listened on."""
    try:
        family, _, _, _, place = min(
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
            key=lambda found: found[0] != socket.AF_INET,
        )
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", "no host name")
        raise CannotStart(
            f"{host}:{port} cannot be used ({reason}): set PORT or HOST to another."
        ) from error
    return str(place[0])


def connections_wanted() -> int:
    """Count one for each thread and job, and one that listens."""
    of_a_process = settings.WEB_THREADS + settings.JOB_CONNECTIONS + 1
    return settings.WEB_WORKERS * of_a_process + OTHER_CONNECTIONS


def memory_of_machine() -> int:
    """Return bytes: those of the container, where it has fewer than its host."""
    host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(host, int(CONTAINER_MEMORY.read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return host


def database_settings() -> dict[str, str]:
    """Fit PostgreSQL to this machine and to answers within milliseconds.

    As many connections as it allows by itself, or more; a share of the memory; pages
    that are not in memory are on no turning disk; nobody waits for a compiler or for a
    second process to help, which are for questions that take seconds.
    """
    memory_mb = memory_of_machine() // 2**20
    return {
        "max_connections": str(max(100, connections_wanted())),
        "shared_buffers": f"{min(max(memory_mb // 8, 128), MOST_BUFFERS_MB)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 512)}MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
    }


def check_database() -> None:
    """Warn of a server with few connections; raises CannotStart without an answer."""
    try:
        with psycopg.connect(settings.DATABASE_URL, connect_timeout=5) as connection:
            row = connection.execute("SHOW max_connections").fetchone()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CannotStart(
            f"The database does not answer ({reason}): start it, or set DATABASE_URL."
        ) from error
    allowed, wanted = int(row[0]) if row else 0, connections_wanted()
    if allowed < wanted:
        say(
            f"The database allows {allowed} connections, and {wanted} may be needed: "
            "raise its max_connections, or lower WEB_THREADS or WEB_WORKERS."
        )


def prepare_database() -> None:
    with service(["-m", "django", "prepare"]) as process:
        code = process.wait()
    if code != 0:
        raise CannotStart(
            "The database could not be prepared; the lines above say why."
        )


def web_command(host: str) -> list[str]:
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(settings.PORT),
        "--workers": str(settings.WEB_WORKERS),
        "--blocking-threads": str(settings.WEB_THREADS),
        "--workers-kill-timeout": "10",
        # With HTTP/2 it would wait for ever for the first byte of a connection.
        "--http": "1",
        # So many connections, idle ones too: whoever comes then is not heard.
        "--backpressure": "512",
        "--http1-buffer-size": "65536",  # bounds the headers of a request
        "--log-level": "warning",
        "--log-config": str(CONFIGURATION),
    }
    words = [word for pair in options.items() for word in pair]
    # One that crashed is replaced, while the others go on.
    switches = ["--no-ws", "--respawn-failed-workers", "--factory"]
    return ["-m", "granian", *words, *switches, "nexus.wsgi:serve"]


@contextmanager
def folder_of_counts() -> Iterator[dict[str, str]]:
    """Give several web processes a place for what any of them may be asked to add up.

    In memory, where it can be: on a disk that is full a process that counts would die.
    """
    memory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else gettempdir()
    home = settings.HOME.path.stat()  # by number: containers call theirs the same
    prefix = f"nexus-metrics-{home.st_dev}-{home.st_ino}-"
    for left in Path(memory).glob(f"{prefix}*"):  # by a program that was killed
        shutil.rmtree(left, ignore_errors=True)
    if settings.WEB_WORKERS == 1:
        yield {}
        return
    with TemporaryDirectory(
        prefix=prefix, dir=memory, ignore_cleanup_errors=True
    ) as folder:
        yield {"PROMETHEUS_MULTIPROC_DIR": folder}


def wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + START_LIMIT_S
    while not is_ready():
        heed_missed_stop()
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotStart("The web server did not start; the lines above say why.")
        time.sleep(0.05)


def ready() -> int:
    """Say whether the web server here serves, by the exit code: for health checks."""
    if is_ready():
        say(f"{address()} serves.")
        return 0
    say(f"{address()} does not serve.")
    return 1


def is_ready() -> bool:
    host = reachable_host()
    with closing(HTTPConnection(host, settings.PORT, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz", headers={"Host": allowed_name()})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def allowed_name() -> str:
    """Return a name that our own web server listens to."""
    first: str = settings.ALLOWED_HOSTS[0]
    return "localhost" if first == "*" else first.removeprefix(".")


def reachable_host() -> str:
    """Return where to reach ourselves: "any address" is no address to connect to."""
    return ANY_ADDRESS.get(settings.HOST, settings.HOST)


def address() -> str:
    host = reachable_host()
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def banner() -> str:
    base = address()
    return f"""
Nexus is ready:      {base}/
The API's pages:     {base}/swagger/  and  {base}/redoc/
{tmdb_line()}
Get a token:
  curl -s {base}/api/auth/register/ -H 'Content-Type: application/json' \\
    -d '{{"name": "Eve", "email": "eve@example.org", "password": "correct-horse-7"}}'
Stop with Ctrl-C.
"""


def tmdb_line() -> str:
    films = "the starter catalogue (set TMDB_API_KEY for all of TMDb's)"
    if settings.TMDB_API_KEY:
        films = f"the stored ones and TMDb's ({settings.TMDB_API_URL})"
    return f"Films:               {films}"
