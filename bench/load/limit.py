"""The limit: the product's own server and nothing behind it but constant bytes.

The path names how many: /7000.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any


@cache
def answer_to(path: str) -> tuple[list[tuple[str, str]], bytes]:
    body = b"x" * int(path.strip("/") or 1)
    length = str(len(body))
    return [("Content-Type", "application/json"), ("Content-Length", length)], body


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Read what was sent, as every application has to, and answer the same always."""
    environ["wsgi.input"].read()
    headers, body = answer_to(environ["PATH_INFO"])
    start_response("200 OK", headers)
    return [body]


def serve() -> Callable[..., Iterable[bytes]]:
    """Return it as the product's own is asked for."""
    return application
