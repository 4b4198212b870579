"""PostgreSQL by TCP: the servers of the tests listen on a Unix socket only."""

import socket
import sys
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Final

READY: Final = "relaying"


class Relay(ThreadingTCPServer):
    """Passes each connection on to the socket in the folder."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, folder: Path) -> None:
        self.target = str(folder / ".s.PGSQL.5432")
        super().__init__((address, 0), Passing)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Passing(BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(self.server.target)
            Thread(target=pass_on, args=(self.request, there), daemon=True).start()
            pass_on(there, self.request)


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def main(address: str, folder: str) -> None:
    """Relay until the end; says at which port."""
    with Relay(address, Path(folder)) as relay:
        sys.stdout.write(f"{READY} {relay.port}\n")
        sys.stdout.flush()
        relay.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
