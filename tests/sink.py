"""Takes what programs tell Sentry and OpenTelemetry, and keeps it."""

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Sink(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.envelopes: list[bytes] = []
        self.traces: list[bytes] = []

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def told(self) -> bytes:
        return b"\n".join([*self.envelopes, *self.traces])

    @property
    def faults(self) -> list[dict[str, Any]]:
        """What Sentry would show: an envelope's header, an item's header, the item."""
        return [
            json.loads(item)
            for envelope in self.envelopes
            for header, item in zip(
                *[iter(envelope.splitlines()[1:])] * 2, strict=False
            )
            if json.loads(header).get("type") == "event"
        ]

    @property
    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(one) for one in self.traces]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kept = {"/api/1/envelope/": self.server.envelopes}
        kept.get(self.path, self.server.traces).append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it was
        """Nothing to say."""
