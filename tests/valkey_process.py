"""A Valkey of one test: it may die, hang, and come back at the same address."""

import os
import signal
import subprocess
from types import TracebackType

from tests.servers import free_port, valkey_program, wait_until_answers


class ValkeyProcess:
    process: subprocess.Popen[bytes]

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"valkey://127.0.0.1:{self.port}/0"

    def __enter__(self) -> "ValkeyProcess":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [valkey_program(), *options], stdout=subprocess.DEVNULL
        )
        wait_until_answers(self.port)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def hang(self) -> None:
        """Leave its connections open and say nothing more."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)
