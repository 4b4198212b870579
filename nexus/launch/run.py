"""`make run`: the whole product on one machine, in the foreground."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from types import FrameType

from nexus import __version__, settings
from nexus.launch.child import die_with_parent, django
from nexus.launch.errors import CannotStart
from nexus.launch.homes import lock_home, prepare_home
from nexus.launch.postgres import EmbeddedPostgres
from nexus.launch.progress import say, step

START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0
THREADS_PER_WORKER = "8"


class Stop(BaseException):
    """A signal asked us to end."""


def run() -> int:
    """Serve until a signal comes or the web server dies; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, raise_stop)
    say(f"Nexus {__version__}")
    try:
        with ExitStack() as stack:
            prepare_home(settings.HOME)
            stack.enter_context(lock_home(settings.HOME))
            check_configuration()
            check_port(settings.HOST, settings.PORT)
            start_database(stack)
            prepare_database()
            web = stack.enter_context(web_server())
            say(banner())
            return web.wait()
    except Stop:
        say("Nexus has stopped.")
        return 0


def raise_stop(number: int, frame: FrameType | None) -> None:
    # Once only: a second Ctrl-C must not break the orderly stop of the children.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    say("\nStopping ...")
    raise Stop


def check_configuration() -> None:
    if settings.WEB_WORKERS > 1 and not settings.VALKEY_URL:
        raise CannotStart(
            "WEB_WORKERS above 1 needs VALKEY_URL: web processes share limits and caches there."
        )


def check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"{host}:{port} cannot be used ({error.strerror}): set PORT or HOST to another."
            ) from error


def start_database(stack: ExitStack) -> None:
    if settings.IS_EMBEDDED:
        with step("Starting PostgreSQL"):
            stack.enter_context(EmbeddedPostgres(settings.HOME))


def prepare_database() -> None:
    with step("Preparing the database"):
        code = django(["prepare"])
    if code != 0:
        raise CannotStart(
            "The database could not be prepared; the lines above say why."
        )


@contextmanager
def web_server() -> Iterator[subprocess.Popen[bytes]]:
    """Start granian and wait for /readyz; on the way out let running requests end."""
    process = subprocess.Popen(  # noqa: S603  our own words
        web_command(),
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  no threads run yet
    )
    try:
        with step("Starting the web server"):
            wait_until_ready(process)
        yield process
    finally:
        stop(process)


def web_command() -> list[str]:
    options = {
        "--interface": "wsgi",
        "--host": settings.HOST,
        "--port": str(settings.PORT),
        "--workers": str(settings.WEB_WORKERS),
        "--blocking-threads": THREADS_PER_WORKER,
        "--workers-kill-timeout": "10",
        "--backpressure": "64",
        "--log-level": "warning",
    }
    words = [word for pair in options.items() for word in pair]
    return [
        sys.executable,
        "-m",
        "granian",
        *words,
        "--no-ws",
        "nexus.wsgi:application",
    ]


def wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + START_LIMIT_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotStart("The web server did not start; the lines above say why.")
        time.sleep(0.05)


def is_ready() -> bool:
    with closing(
        HTTPConnection(reachable_host(), settings.PORT, timeout=5)
    ) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def reachable_host() -> str:
    """Return where to reach ourselves: "any address" is no address to connect to."""
    any_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    return any_address.get(settings.HOST, settings.HOST)


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
    -d '{{"name": "Ada", "email": "ada@example.org", "password": "correct-horse-7"}}'
Stop with Ctrl-C.
"""


def tmdb_line() -> str:
    if settings.TMDB_API_KEY:
        return (
            f"Films:               the stored ones and TMDb's ({settings.TMDB_API_URL})"
        )
    return "Films:               the starter catalogue (set TMDB_API_KEY for all of TMDb's)"
