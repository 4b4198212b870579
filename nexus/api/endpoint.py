"""The base of every view: an operation is declared once, then read and documented.

Its declaration is the only place that names its parameters, body, answers and failures;
reading, refusing and the OpenAPI document follow from it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import ErrorDetail, MethodNotAllowed, ValidationError
from rest_framework.fields import Field, empty
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from nexus.accounts.models import User
from nexus.api.authentication import CHARGED
from nexus.api.buckets import Charged, charge, headers_of, note
from nexus.api.limits import ANONYMOUS, MEMBER, Limit, network_of
from nexus.api.reply import NEVER_STORE
from nexus.api.shared import bytes_for_all, names, share
from nexus.api.tokens import Claims
from nexus.lib.errors import UnauthenticatedError

PERSONAL = "private, no-cache"

Handler = TypeVar("Handler", bound=Callable[..., HttpResponseBase])
Shape = type[Serializer[Any]]


@dataclass(frozen=True, slots=True)
class Binary:
    """An answer that is not JSON; failures still are."""

    media_type: str


Answers = Mapping[int, Shape | BaseSerializer[Any] | Binary | None]


class Params(Serializer[Any]):
    """The query parameters of an operation; those it does not name are refused."""

    @cached_property
    def known(self) -> dict[str, Field[Any, Any, Any, Any]]:
        """All fields, found sooner than in `fields`."""
        return dict(self.fields)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        told = {name: field.default for name, field in self.fields.items()}
        return {name: value for name, value in told.items() if value is not empty}

    @cached_property
    def needed(self) -> set[str]:
        return {name for name, field in self.fields.items() if field.required}

    def read(self, given: dict[str, str]) -> dict[str, Any]:
        """Check what was given, and leave the rest alone.

        Parameters have no rules but those of their fields, and `validate` for all.
        """
        found, errors, needed = dict(self.defaults), dict[str, Any](), self.needed
        for name, field in self.known.items():
            if name in given or name in needed:
                try:
                    found[name] = field.run_validation(given.get(name, empty))
                except ValidationError as error:
                    errors[name] = error.detail
        if errors:
            raise ValidationError(errors)
        return cast("dict[str, Any]", self.validate(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` maps a status to its shape, None for an empty answer."""

    summary: str
    description: str  # what a client must know beyond the shapes
    params: type[Params]
    body: Shape | None
    answers: Answers
    failures: Sequence[int]
    partial: bool  # no field of the body is required


def operation(  # noqa: PLR0913  a declaration names all there is to say
    summary: str,
    *,
    answers: Answers,
    params: type[Params] = Params,
    body: Shape | None = None,
    failures: Sequence[int] = (),
    partial: bool = False,
    description: str = "",
) -> Callable[[Handler], Handler]:
    """Declare what a handler takes, answers and refuses."""

    def declare(handler: Handler) -> Handler:
        handler.operation = Operation(  # type: ignore[attr-defined]  # read by Endpoint
            summary=summary,
            description=description,
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
    cache_control: str = PERSONAL
    limit: ClassVar[Limit | None] = None  # besides the caller's own
    params: dict[str, Any]
    body: dict[str, Any]

    def initialize_request(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> Request:
        made = super().initialize_request(request, *args, **kwargs)
        # Else REST framework's request looks in itself first, each time, and fails.
        made.META, made.method, made.path = request.META, request.method, request.path
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Like REST framework's, but count a request before refusing it."""
        found = operation_of(self, str(request.method))
        if found is None:
            raise MethodNotAllowed(str(request.method))
        self.format_kwarg = None
        accepted = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = accepted
        self.perform_authentication(request)
        self.check_permissions(request)
        if self.limit is not None:
            self.charge(self.limit, self.caller)
        self.params = read_params(found.params, request)
        if found.body is not None:
            reader = reader_of(found.body, partial=found.partial)
            self.body = check(reader, request.data)

    def perform_authentication(self, request: Request) -> None:
        """Read the token and count the request: trying tokens is limited too."""
        try:
            super().perform_authentication(request)
        except UnauthenticatedError:
            request.user = AnonymousUser()
            self.check_throttles(request)
            raise
        self.check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        charged: Charged | None = request.META.get(CHARGED)
        if charged is not None:
            note(charged, told=self.told)
        else:
            self.charge(ANONYMOUS if self.viewer is None else MEMBER, self.caller)

    def charge(self, limit: Limit, caller: str) -> None:
        """Count one use by the caller; raises Throttled."""
        charge(limit, caller, told=self.told)

    @property
    def told(self) -> list[Charged]:
        """What the answer will say of limits."""
        told: list[Charged] = self.request.META.setdefault("nexus.limits", [])
        return told

    @property
    def caller(self) -> str:
        """Whose buckets the request takes from: the member's, else their network's."""
        viewer = self.viewer
        return network_of(self.address) if viewer is None else str(viewer.pk)

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
    def session_id(self) -> UUID:
        """Return where they are signed in, as `user`."""
        return cast("Claims", self.request.auth).session_id

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in headers_of(self.told).items():
            response[name] = value
        if response.status_code >= 400:
            response["Cache-Control"] = NEVER_STORE
            return response
        response["Cache-Control"] = self.cache_control
        if self.cache_control.startswith("public"):
            validate(request, response)
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
    # How long the edge may keep it; an answer that is not as it should be, less.
    keep_s: ClassVar[float] = 60.0
    degraded_keep_s: ClassVar[float] = 1.0

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        share(request, keep_s=self.keep_s)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code != 200:
            share(request, keep_s=0.0)
        return response

    def note_degraded(self) -> None:
        """Have it asked again soon, past the copies of browsers and proxies, too."""
        share(self.request, keep_s=self.degraded_keep_s)
        self.cache_control = f"public, max-age={self.degraded_keep_s:.0f}"


def validate(request: Request, response: HttpResponse) -> None:
    """Name the bytes by their hash, and answer 304 to whoever has them."""
    content = bytes_for_all(request, response.content)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response["ETag"] = etag
    if names(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
        response.status_code = 304
        response.content = b""
        del response["Content-Type"]


def read_params(shape: type[Params], request: Request) -> dict[str, Any]:
    """Return the checked query parameters; unknown and repeated ones are refused."""
    reader, given = cast("Params", reader_of(shape)), dict[str, str]()
    errors = dict[str, list[ErrorDetail]]()
    for name, values in request.query_params.lists():
        if name not in reader.known:
            text = ErrorDetail("There is no such parameter here.", "unknown_parameter")
            errors[name[:60]] = [text]
        elif len(values) > 1:
            errors[name] = [ErrorDetail("Give this parameter once.", "repeated")]
        else:
            given[name] = values[0]
    if errors:
        raise ValidationError(cast("dict[str, Any]", errors))
    return reader.read(given)


@cache
def reader_of(shape: Shape, *, partial: bool = False) -> Serializer[Any]:
    """Return what reads input of this shape, for all requests and threads.

    To copy its fields for each request would cost more than to read with them.
    """
    return shape(partial=partial)


def check(reader: Serializer[Any], data: Any) -> dict[str, Any]:
    """Return what the reader makes of the input; it keeps nothing of it."""
    if not isinstance(data, Mapping):
        told = ErrorDetail("Give a JSON object.", "null" if data is None else "invalid")
        raise ValidationError({"non_field_errors": [told]})
    return cast("dict[str, Any]", reader.run_validation(data))
