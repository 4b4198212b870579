"""OpenAPI from the operations' declarations: parameters, bodies, answers, failures."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from nexus.api.endpoint import Binary, Operation, Params, operation_of

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the version to change; another one is refused with 412.",
)
UNTAGGED = "operation"
NOUNS = {"tmdb": "movies", "genres": "movies", "user": "profiles"}


Direction = Literal["request", "response"]


class ContractSchema(AutoSchema):
    """Reads what `endpoint.operation` declared of the view's handler."""

    declared: Operation | None

    def get_operation(self, *args: Any) -> Any:
        method = args[3]
        self.declared = operation_of(self.view, method)
        return super().get_operation(*args)

    def is_excluded(self) -> bool:
        return self.declared is None

    def get_summary(self) -> str | None:
        return self.declared.summary if self.declared else None

    def get_description(self) -> str:  # type: ignore[override]  # as in AutoSchema
        # Docstrings are for those who read the code.
        return self.declared.description if self.declared else ""

    def get_tags(self) -> list[str]:
        words = self.path.strip("/").split("/")
        noun = words[1] if words[0] == "api" else UNTAGGED
        return [NOUNS.get(noun, noun)]

    def get_operation_id(self) -> str:
        words = self.path.strip("/").removeprefix("api/").split("/")
        kept = [word.strip("{}") for word in words]
        return "_".join([self.method.lower(), *kept])

    def get_override_parameters(self) -> list[Any]:
        assert self.declared is not None
        shown: list[Any] = []
        if self.declared.params is not Params:
            shown.append(self.declared.params)
        if 412 in self.declared.failures:
            shown.append(IF_MATCH)
        return shown

    def get_request_serializer(self) -> Any:
        return self.declared.body if self.declared else None

    def _get_request_body(self, direction: Direction = "request") -> Any:
        if self.method != "DELETE" or self.declared is None or not self.declared.body:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]  # untyped
        # The library knows no body of DELETE; ending an account takes the password.
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]  # untyped
        finally:
            self.method = "DELETE"

    def get_response_serializers(self) -> Any:
        found = self.declared
        assert found is not None
        answers: dict[Any, Any] = {
            key_of(status, shape): answer_of(shape)
            for status, shape in found.answers.items()
        }
        for status in sorted(self.failures(found)):
            answers[status] = OpenApiResponse(description="")  # `complete` describes it
        return answers

    def failures(self, found: Operation) -> set[int]:
        """Return every status an operation of this kind can fail with."""
        always = {400, 406, 429, 500, 503}
        if found.body is not None:
            always |= {413, 415}
        if "{" in self.path:
            always.add(404)
        if getattr(self.view, "authentication_classes", ()):
            always.add(401)
            if self.method != "GET":
                always.add(409)  # the account may be deleted at that very moment
        return always | set(found.failures)


def key_of(status: int, shape: Any) -> int | tuple[int, str]:
    """Return how the library knows an answer, by its media type if that is no JSON."""
    return (status, shape.media_type) if isinstance(shape, Binary) else status


def answer_of(shape: Any) -> Any:
    if shape is None:
        return OpenApiResponse(description="Empty.")
    if isinstance(shape, Binary):
        return OpenApiTypes.BINARY
    if isinstance(shape, type) and not shape().fields:
        return OpenApiResponse({"type": "object"}, "An empty object.")
    return shape
