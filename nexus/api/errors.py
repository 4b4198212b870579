"""Every failure in one shape. The only place that knows which error has which status."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from nexus.api.middleware import request_id_of
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
PROBLEM_JSON = "application/problem+json"
DATABASE_RETRY_S = 5

FieldErrors = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Failure:
    status: int
    code: str
    message: str
    errors: FieldErrors | None = None
    headers: dict[str, str] = field(default_factory=dict)


class PayloadTooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The body of the request is too large."
    default_code = "payload_too_large"


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler; None lets an unexpected error crash."""
    failure = failure_of(exc)
    if failure is None:
        return None
    request = context["request"]
    response = Response(
        body_of(request, failure),
        status=failure.status,
        headers=failure.headers,
        content_type=content_type_of(request),
    )
    response.exception = True
    return response


def failure_of(exc: Exception) -> Failure | None:
    if isinstance(exc, NexusError):
        return domain_failure(exc)
    if isinstance(exc, exceptions.APIException):
        return framework_failure(exc)
    if isinstance(exc, Http404):
        return Failure(404, "not_found", "There is nothing here.")
    if isinstance(exc, PermissionDenied):
        return Failure(403, "permission_denied", "You may not do this.")
    if isinstance(exc, OperationalError | InterfaceError):
        return unavailable("database_unavailable", "The database does not answer.")
    if isinstance(exc, RequestDataTooBig):
        return Failure(413, "payload_too_large", PayloadTooLarge.default_detail)
    if isinstance(exc, UnreadablePostError):
        return Failure(400, "parse_error", "The body of the request broke off.")
    return None


def unavailable(code: str, message: str) -> Failure:
    return Failure(503, code, message, headers={"Retry-After": str(DATABASE_RETRY_S)})


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
    if isinstance(exc, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, round(exc.wait or 1)))
    code = exc.get_codes()
    return Failure(
        exc.status_code,
        code if isinstance(code, str) else exc.default_code,
        str(exc.detail),
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
    """Return the error's JSON: our shape, or RFC 9457's where the caller asks for it."""
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
    return PROBLEM_JSON in request.headers.get("Accept", "")


def content_type_of(request: HttpRequest) -> str:
    return PROBLEM_JSON if wants_problem(request) else "application/json"


def plain(request: HttpRequest, failure: Failure) -> HttpResponse:
    """Answer a failure outside REST framework's views."""
    body = orjson.dumps(body_of(request, failure))
    response = HttpResponse(
        body, status=failure.status, content_type=content_type_of(request)
    )
    for name, value in failure.headers.items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    found = failure_of(exception)
    return plain(
        request, found or Failure(400, "bad_request", "The request cannot be read.")
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, Failure(403, "permission_denied", "You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, Failure(404, "not_found", "There is nothing at this path."))


def server_error(request: HttpRequest) -> HttpResponse:
    message = "Something went wrong on our side; the request's id finds it in the log."
    return plain(request, Failure(500, "internal_error", message))
