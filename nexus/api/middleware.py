"""What surrounds every request: its id, its log line, the spellings of its path."""

import logging
import re
import time
from collections.abc import Callable
from secrets import token_hex

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bound_contextvars

from nexus.api.metrics import count_request
from nexus.api.shared import ROUTE

logger = logging.getLogger("nexus.requests")

REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
# The paths that also answer without their /api prefix.
ROOT_NOUNS = ("auth", "movies", "playlists", "profiles", "ratings", "tmdb")
# All other routes end in a slash, but for those that the administration knows itself.
WITHOUT_SLASH = {"healthz", "metrics", "openapi.json", "openapi.yaml", "readyz"}

# Django answers these with 400, 403 and 404.
EXPECTED = (SuspiciousOperation, PermissionDenied, Http404)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id_of(request: HttpRequest) -> str:
    return str(request.META["nexus.request_id"])


class RequestContext:
    """Gives the request an id and logs it once: its route, never its parameters."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else token_hex(16)
        request.META["nexus.request_id"] = request_id
        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            self.record(request, response, time.perf_counter() - started)
        response["X-Request-ID"] = request_id
        return response

    def record(
        self, request: HttpRequest, response: HttpResponseBase, duration_s: float
    ) -> None:
        match = request.resolver_match
        route = match.route if match else "none"
        request.META[ROUTE] = route
        count_request(str(request.method), route, response.status_code, duration_s)
        facts = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "duration_ms": round(duration_s * 1000, 1),
            "member": request.META.get("nexus.member"),
        }
        logger.info("request", extra=facts)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if not isinstance(exception, EXPECTED):
            logger.error("unexpected error", exc_info=exception)


class CanonicalPath:
    """Lets every path answer with and without its trailing slash and /api prefix.

    Only the path that is routed changes; links in the answer keep the caller's form.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.path_info = canonical(request.path_info)
        return self.get_response(request)


def canonical(path: str) -> str:
    """Return the spelling of the path that the URL map would know."""
    bare = path.strip("/")
    first = bare.partition("/")[0]
    if bare in WITHOUT_SLASH:
        return f"/{bare}"
    if first in ROOT_NOUNS:
        path = f"/api{path}"
    if path.endswith("/") or (first == "admin" and first != bare):
        return path
    return f"{path}/"
