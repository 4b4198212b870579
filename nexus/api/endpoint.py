"""The base of every view: an operation is declared once, then read and documented.

Its declaration is the only place that names its parameters, body, answers and failures;
reading, refusing and the OpenAPI document follow from it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.exceptions import ErrorDetail, MethodNotAllowed, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from nexus.accounts.models import Session, User
from nexus.api.limits import ANONYMOUS, MEMBER, Limit, charge, headers_of

PERSONAL = "private, no-cache"
NEVER_STORE = "no-store"

Handler = TypeVar("Handler", bound=Callable[..., HttpResponseBase])
Shape = type[Serializer[Any]]
Answers = Mapping[int, Shape | BaseSerializer[Any] | None]


class Params(Serializer[Any]):
    """The query parameters of an operation; those it does not name are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` maps a status to its shape, None for an empty answer."""

    summary: str
    params: type[Params]
    body: Shape | None
    answers: Answers
    failures: Sequence[int]
    partial: bool  # no field of the body is required


def operation(
    summary: str,
    *,
    answers: Answers,
    params: type[Params] = Params,
    body: Shape | None = None,
    failures: Sequence[int] = (),
    partial: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare what a handler takes, answers and refuses."""

    def declare(handler: Handler) -> Handler:
        handler.operation = Operation(  # type: ignore[attr-defined]  # read by Endpoint
            summary=summary,
            params=params,
            body=body,
            answers=answers,
            failures=failures,
            partial=partial,
        )
        return handler

    return declare


def operation_of(view: object, method: str) -> Operation | None:
    name = "get" if method == "HEAD" else method.lower()
    return getattr(getattr(view, name, None), "operation", None)


class Endpoint(APIView):
    """`self.params` and `self.body` hold what was read, already checked."""

    # OPTIONS would only repeat the document; preflights are answered before us.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    cache_control: ClassVar[str] = PERSONAL
    limit: ClassVar[Limit | None] = None  # besides the caller's own
    params: dict[str, Any]
    body: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        found = operation_of(self, str(request.method))
        if found is None:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        self.params = read_params(found.params, request)
        if found.body is not None:
            self.body = check(found.body(data=request.data, partial=found.partial))

    def check_throttles(self, request: Request) -> None:
        if self.viewer is not None:
            caller, limit = str(self.viewer.pk), MEMBER
        else:
            caller, limit = self.address, ANONYMOUS
        self.charge(limit, caller)
        if self.limit is not None:
            self.charge(self.limit, caller)

    def charge(self, limit: Limit, caller: str) -> None:
        """Count one use by the caller; raises Throttled."""
        charge(limit, caller, told=self.request.META.setdefault("nexus.limits", []))

    @property
    def address(self) -> str:
        return str(self.request.META.get("REMOTE_ADDR", ""))

    @property
    def user(self) -> User:
        """The signed-in member; only where the operation demands one."""
        return cast("User", self.request.user)

    @property
    def viewer(self) -> User | None:
        user = self.request.user
        return user if isinstance(user, User) else None

    @property
    def session(self) -> Session:
        return cast("Session", self.request.auth)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in headers_of(request.META.get("nexus.limits", [])).items():
            response[name] = value
        if response.status_code >= 400:
            response["Cache-Control"] = NEVER_STORE
            return response
        response["Cache-Control"] = self.cache_control
        if self.cache_control.startswith("public"):
            response.add_post_render_callback(lambda done: validate(request, done))
        else:
            patch_vary_headers(response, ["Authorization"])
        return response


class PublicEndpoint(Endpoint):
    """A read whose answer is the same for everybody: no token is looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]
    cache_control = (
        "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
    )


def validate(request: Request, response: Response) -> None:
    """Name the bytes by their hash, and answer 304 to whoever has them."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in {name.removeprefix("W/") for name in known} or known == ["*"]:
        response.status_code = 304
        response.content = b""
        del response["Content-Type"]


def read_params(shape: type[Params], request: Request) -> dict[str, Any]:
    """Return the checked query parameters; unknown and repeated ones are refused."""
    fields = shape().fields
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in request.query_params.lists():
        if name not in fields:
            text = ErrorDetail("There is no such parameter here.", "unknown_parameter")
            errors[name[:60]] = [text]
        elif len(values) > 1:
            errors[name] = [ErrorDetail("Give this parameter once.", "repeated")]
    if errors:
        raise ValidationError(cast("dict[str, Any]", errors))
    return check(shape(data=request.query_params.dict()))


def check(shape: Serializer[Any]) -> dict[str, Any]:
    shape.is_valid(raise_exception=True)
    return cast("dict[str, Any]", shape.validated_data)
