"""What the OpenAPI document holds besides the operations: failures, examples, pages."""

import re
from collections.abc import Iterable
from typing import Any

from nexus.api.endpoint import Endpoint
from nexus.api.examples import EXAMPLES

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

FIELD_ERROR = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}
SHARED = {
    "code": {"type": "string", "description": "Stable: branch on it."},
    "errors": {
        "type": "object",
        "description": "By field; with status 400 only.",
        "additionalProperties": {"type": "array", "items": FIELD_ERROR},
    },
    "request_id": {"type": "string"},
}
ERROR = {
    "type": "object",
    "properties": {
        "status": {"const": "error"},
        "message": {"type": "string", "description": "For people."},
        **SHARED,
    },
    "required": ["status", "code", "message", "request_id"],
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457, for `Accept: application/problem+json`.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        **SHARED,
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
}
RETRY_AFTER = {
    "description": "Seconds after which trying again makes sense.",
    "schema": {"type": "integer", "minimum": 1},
}
AUTHENTICATE = {"description": "Always `Bearer`.", "schema": {"type": "string"}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": AUTHENTICATE},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}
PAGES = {
    "/metrics": ("What Prometheus reads", "text/plain"),
    "/openapi.json": ("This document", "application/vnd.oai.openapi+json"),
    "/openapi.yaml": ("This document as YAML", "application/vnd.oai.openapi"),
    "/swagger/": ("Try the API in a browser", "text/html"),
    "/redoc/": ("Read the API in a browser", "text/html"),
}


def only_operations(endpoints: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out the views that declare no operations: documents and pages."""
    return [
        one for one in endpoints if issubclass(getattr(one[3], "cls", type), Endpoint)
    ]


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe every failure once, add the examples, and list the pages."""
    components = result["components"]
    components["schemas"] |= {"Error": ERROR, "Problem": PROBLEM}
    components["responses"] = {
        name_of(status): failure(status) for status in sorted(FAILURES)
    }
    for operation in operations_of(result):
        for status in operation["responses"]:
            if int(status) in FAILURES:
                reference = f"#/components/responses/{name_of(int(status))}"
                operation["responses"][status] = {"$ref": reference}
    for name, example in EXAMPLES.items():
        components["schemas"][name]["examples"] = [example]
    result["paths"] = dict(map(with_plain_id, result["paths"].items()))
    result["paths"] |= {path: page(path, *told) for path, told in PAGES.items()}
    return result


def with_plain_id(item: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Call the key of a path's own thing `{id}`, whatever the code calls it."""
    path, operations = item
    own = re.search(r"/(?:movies|ratings|playlists|sessions|history)/\{(\w+)\}", path)
    if own is not None:
        path = path.replace(own[1], "id", 1)
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == own[1]:
                    parameter["name"] = "id"
    return path, operations


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for methods in document["paths"].values()
        for operation in methods.values()
    ]


def name_of(status: int) -> str:
    return f"Failure{status}"


def failure(status: int) -> dict[str, Any]:
    return {
        "description": FAILURES[status],
        "headers": HEADERS.get(status, {}),
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"}
            },
        },
    }


def page(path: str, summary: str, media_type: str) -> dict[str, Any]:
    answer = {
        "description": summary,
        "content": {media_type: {"schema": {"type": "string"}}},
    }
    operation = {
        "operationId": "get_" + path.strip("/").replace(".", "_"),
        "summary": summary,
        "tags": ["operation"],
        "security": [{}],
        "responses": {"200": answer},
    }
    return {"get": operation}
