"""OpenAPI from the operations' declarations: parameters, bodies, answers, failures."""

from collections.abc import Iterable, Sequence
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from nexus.api.endpoint import Endpoint, Operation, Params, operation_of
from nexus.api.shapes.common import ErrorBody, ProblemBody

FAILURES = {
    400: "The request is malformed or holds something that cannot be accepted.",
    401: "Nobody we know, or no longer: a token is missing, wrong, expired or spent.",
    403: "It is not yours to change.",
    404: "Absent, or private to somebody else.",
    406: "Every answer is JSON.",
    409: "It contradicts what is stored now.",
    412: "`If-Match` names an older version.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not `application/json`.",
    429: "Too many requests; `Retry-After` says when the next one passes.",
    500: "Something went wrong on our side.",
    502: "TMDb answered nonsense and nothing stored serves.",
    503: "A needed part is down; `Retry-After` says when trying again makes sense.",
}
JSON, PROBLEM = "application/json", "application/problem+json"
UNTAGGED = "operation"
NOUNS = {"tmdb": "movies", "genres": "movies", "user": "profiles"}


class ContractSchema(AutoSchema):
    """Reads what `endpoint.operation` declared of the view's handler."""

    view: Endpoint

    @property
    def declared(self) -> Operation | None:
        return operation_of(self.view, self.method)

    def is_excluded(self) -> bool:
        return self.declared is None

    def get_summary(self) -> str | None:
        return self.declared.summary if self.declared else None

    def get_description(self) -> str:
        return ""

    def get_tags(self) -> list[str]:
        words = self.path.strip("/").split("/")
        noun = words[1] if words[0] == "api" else UNTAGGED
        return [NOUNS.get(noun, noun)]

    def get_operation_id(self) -> str:
        words = self.path.strip("/").removeprefix("api/").split("/")
        kept = [word.strip("{}") for word in words]
        return "_".join([self.method.lower(), *kept])

    def get_override_parameters(self) -> Sequence[Any]:
        assert self.declared is not None
        return [] if self.declared.params is Params else [self.declared.params]

    def get_request_serializer(self) -> Any:
        return self.declared.body if self.declared else None

    def get_response_serializers(self) -> Any:
        found = self.declared
        assert found is not None
        answers: dict[Any, Any] = {
            status: OpenApiResponse(description="Empty.") if shape is None else shape
            for status, shape in found.answers.items()
        }
        for status in sorted(self.failures(found)):
            shape = {JSON: ErrorBody, PROBLEM: ProblemBody}
            for media_type, body in shape.items():
                answers[status, media_type] = OpenApiResponse(body, FAILURES[status])
        return answers

    def failures(self, found: Operation) -> set[int]:
        """Return every status an operation of this kind can fail with."""
        always = {400, 406, 429, 500, 503}
        if found.body is not None:
            always |= {413, 415}
        if "{" in self.path:
            always.add(404)
        if self.view.authentication_classes:
            always.add(401)
        return always | set(found.failures)


def only_canonical(endpoints: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out what is no operation of ours: the documents themselves and pages."""
    return [
        one
        for one in endpoints
        if hasattr(one[3], "cls") and issubclass(one[3].cls, Endpoint)
    ]
