"""`/metrics` of a worker that runs apart from the web server."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from django.conf import settings
from django.core.management.base import CommandError
from prometheus_client import CONTENT_TYPE_LATEST

from nexus.watching.metrics import figures, may_read


class Handler(BaseHTTPRequestHandler):
    timeout = 5  # for a caller who says nothing

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self.send_error(404)
        elif not may_read(self.headers.get("Authorization", "")):
            self.send_error(401)
        else:
            self.tell(figures())

    def tell(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it was
        """What asks every few seconds is not news."""


class Server(ThreadingHTTPServer):
    daemon_threads = True


class ServerV6(Server):
    address_family = socket.AF_INET6


def expose() -> None:
    """Answer until the process ends, where there is a port; for commands that work."""
    host, port = settings.HOST, settings.METRICS_PORT
    if not port:
        return
    kind = ServerV6 if ":" in host else Server
    try:
        server = kind((host, port), Handler)
    except OSError as error:
        raise CommandError(
            f"{host}:{port} cannot be used ({error.strerror}): set METRICS_PORT to "
            "another.",
            returncode=2,
        ) from error
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
