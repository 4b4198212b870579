"""Every failure in one shape; the only place that knows their HTTP statuses."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from psycopg.errors import DiskFull, ForeignKeyViolation, ReadOnlySqlTransaction
from rest_framework import exceptions

from nexus.accounts.models import User
from nexus.accounts.sessions import SessionEnded
from nexus.api.metrics import DATABASE_FAILURES
from nexus.api.middleware import request_id_of
from nexus.api.reply import JSON, NEVER_STORE, Reply
from nexus.lib.errors import (
    BadUpstreamError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NexusError,
    NotFoundError,
    StaleError,
    UnauthenticatedError,
    UnavailableError,
)
from nexus.lib.seldom import Seldom

STATUS_BY_KIND: dict[type[NexusError], int] = {
    InvalidError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    StaleError: 412,
    BadUpstreamError: 502,
    UnavailableError: 503,
}
logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
TOO_OFTEN = "Too many requests: wait a little."
TOO_LARGE = "The body of the request is too large."

FieldErrors = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Failure:
    status: int
    code: str
    message: str
    errors: FieldErrors | None = None
    headers: dict[str, str] = field(default_factory=dict)


DATABASE_AWAY = Failure(
    503,
    "database_unavailable",
    "The database does not answer.",
    headers={"Retry-After": "5"},
)
# It answers, and what is there can be read.
DATABASE_FULL = Failure(
    503,
    "database_full",
    "Nothing can be stored at the moment: the disk of the database is full.",
    headers={"Retry-After": "60"},
)
# What PostgreSQL says where it, or the way to it, is away: a lost connection, a server
# that starts or ends, one that has no place left for anybody more, or on its disk, one
# that takes no writes (any more).
OUTAGES: Final = ("08", "57P", "53300", "53100", "25006")
# While it lasts, whoever asks meets it, and each request has a line of its own anyway.
OUTAGE_LINES: Final = Seldom(10.0)
# What Django and the database raise before or below our own code.
FOREIGN: list[tuple[tuple[type[Exception], ...], Failure]] = [
    ((Http404,), Failure(404, "not_found", "There is nothing here.")),
    # A member who was believed, and erased while the request ran.
    ((User.DoesNotExist,), Failure(401, SessionEnded.code, str(SessionEnded()))),
    ((PermissionDenied,), Failure(403, "permission_denied", "You may not do this.")),
    ((RequestDataTooBig,), Failure(413, "payload_too_large", TOO_LARGE)),
    ((UnreadablePostError,), Failure(400, "parse_error", "The body broke off.")),
    ((OperationalError, InterfaceError), DATABASE_AWAY),
]


class PayloadTooLarge(exceptions.APIException):
    status_code = 413
    default_detail = TOO_LARGE
    default_code = "payload_too_large"


def handle(exc: Exception, context: dict[str, Any]) -> Reply | None:
    """REST framework's exception handler; None lets an unexpected error crash."""
    failure = failure_of(exc)
    if failure is None:
        return None
    note(failure, exc)
    return plain(context["request"], failure)


def note(failure: Failure, exc: Exception) -> None:
    """Count and log a failure that is none of the caller's."""
    if failure is DATABASE_AWAY or failure is DATABASE_FULL:
        DATABASE_FAILURES.inc()
    if failure.status < 500:
        return
    if is_outage(exc):
        if OUTAGE_LINES.may():
            why = str(exc).partition("\n")[0]
            logger.warning("answered %s: %s", failure.code, why)
        return
    trace = None if isinstance(exc, NexusError) else exc
    logger.warning("answered %s", failure.code, exc_info=trace)


def is_outage(exc: Exception) -> bool:
    """Say whether it tells of an outage, and of no fault in what was asked."""
    state = getattr(exc.__cause__, "sqlstate", None)
    if state is None:  # said by this end of the connection
        return isinstance(exc, OperationalError | InterfaceError)
    return str(state).startswith(OUTAGES)


def failure_of(exc: Exception) -> Failure | None:
    if isinstance(exc, NexusError):
        return domain_failure(exc)
    if isinstance(exc, exceptions.APIException):
        return framework_failure(exc)
    if isinstance(exc.__cause__, ForeignKeyViolation):
        return Failure(409, "conflict", "What this refers to has just been removed.")
    if isinstance(exc.__cause__, ReadOnlySqlTransaction):
        return DATABASE_AWAY
    if isinstance(exc.__cause__, DiskFull):
        return DATABASE_FULL
    foreign = (found for kinds, found in FOREIGN if isinstance(exc, kinds))
    return next(foreign, None)


def domain_failure(exc: NexusError) -> Failure:
    status = next(
        (status for kind, status in STATUS_BY_KIND.items() if isinstance(exc, kind)),
        None,
    )
    if status is None:
        raise TypeError(f"{type(exc).__name__} has no HTTP status") from exc
    if isinstance(exc, InvalidError):
        errors = {exc.field: [{"code": exc.code, "message": str(exc)}]}
        return Failure(400, "validation_error", str(exc), errors)
    headers = {}
    if isinstance(exc, UnavailableError):
        headers["Retry-After"] = str(exc.retry_after_s)
    if isinstance(exc, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    return Failure(status, exc.code, str(exc), headers=headers)


def framework_failure(exc: exceptions.APIException) -> Failure:
    headers = {}
    if isinstance(exc, exceptions.ValidationError):
        errors = flatten(exc.detail)
        return Failure(400, "validation_error", sentence_of(errors), errors)
    if exc.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    wait: float | None = getattr(exc, "wait", None)  # of Throttled
    if wait is not None:
        headers["Retry-After"] = str(max(1, ceil(wait)))
    code = exc.get_codes()
    return Failure(
        exc.status_code,
        code if isinstance(code, str) else exc.default_code,
        str(exc.detail) if wait is None else TOO_OFTEN,
        headers=headers,
    )


def flatten(detail: Any) -> FieldErrors:
    """Turn REST framework's nested details into one list of errors per field path."""
    errors: FieldErrors = {}
    for path, leaf in leaves(detail, ""):
        entry = {"code": leaf.code, "message": str(leaf)}
        errors.setdefault(path or "body", []).append(entry)
    return errors


def leaves(detail: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from leaves(inner, f"{path}.{own}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from leaves(inner, path)
    else:
        yield path, detail


def sentence_of(errors: FieldErrors) -> str:
    name, found = next(iter(errors.items()))
    return f"{name}: {found[0]['message']}"


def body_of(request: HttpRequest, failure: Failure) -> dict[str, Any]:
    """Return the error's JSON: our shape, or RFC 9457's for whoever asks for it."""
    shared: dict[str, Any] = {
        "code": failure.code,
        "request_id": request_id_of(request),
    }
    if failure.errors is not None:
        shared["errors"] = failure.errors
    if wants_problem(request):
        title = HTTPStatus(failure.status).phrase
        rfc = {"type": "about:blank", "title": title, "status": failure.status}
        return rfc | {"detail": failure.message} | shared
    return {"status": "error", "message": failure.message} | shared


def wants_problem(request: HttpRequest) -> bool:
    return PROBLEM_JSON in request.META.get("HTTP_ACCEPT", "")


def plain(request: HttpRequest, failure: Failure) -> Reply:
    """Return the answer; without a word, caches may keep a 404 or a 405."""
    return Reply(
        body_of(request, failure),
        status=failure.status,
        headers={"Cache-Control": NEVER_STORE} | failure.headers,
        content_type=PROBLEM_JSON if wants_problem(request) else JSON,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "The request cannot be read."
    if isinstance(exception, DisallowedHost):
        message = (
            "This host name is not ours: its operator can add it to ALLOWED_HOSTS."
        )
    return plain(request, failure_of(exception) or Failure(400, "bad_request", message))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, Failure(403, "permission_denied", "You may not do this."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "The form has expired or came from another site: load the page again."
    return plain(request, Failure(403, "csrf_failed", message))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    told = "There is nothing at this path; /openapi.json names those there are."
    return plain(request, Failure(404, "not_found", told))


def server_error(request: HttpRequest) -> HttpResponse:
    message = "Something went wrong on our side; the request's id finds it in the log."
    return plain(request, Failure(500, "internal_error", message))
