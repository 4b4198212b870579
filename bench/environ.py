"""A request as the web server gives it to the application."""

import sys
from io import BytesIO
from typing import Any, TypeAlias

Environ: TypeAlias = dict[str, Any]


def environ_of(
    target: str, *, method: str = "GET", token: str = "", body: str = ""
) -> Environ:
    """Return what granian would; the body is JSON."""
    path, _, query = target.partition("?")
    sent = body.encode()
    found = {
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "Granian",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "SCRIPT_NAME": "",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": "bench",
        "HTTP_ACCEPT": "*/*",
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input": BytesIO(sent),
    }
    if token:
        found["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    if sent:
        found |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(sent))}
    return found
