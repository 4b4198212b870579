"""Who connects to the program and says nothing takes nothing from others."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.launch.program import Program

SILENT = 200


@pytest.fixture
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("connections") / "home")
    program.start()
    yield program
    assert program.end(signal.SIGTERM) == 0


def test_silent_connections_keep_nobody_out(program: Program) -> None:
    place = ("127.0.0.1", program.port)

    with ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(closing(socket.create_connection(place)))
        answer = httpx.get(f"http://127.0.0.1:{program.port}/healthz", timeout=5)

    assert answer.status_code == 200
