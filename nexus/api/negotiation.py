"""JSON in and out: what we accept, and how we read it. `reply` writes it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import NotAcceptable, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from nexus.api.errors import PayloadTooLarge
from nexus.api.reply import JSON

ACCEPTED = {"*/*", "application/*", JSON, "application/problem+json"}
MAX_DEPTH = 20
LONGEST_ACCEPT = 500  # to be remembered; browsers send some 150 characters


class JsonFormat(BaseRenderer):
    """Names our format to REST framework and to the document; it renders nothing."""

    media_type = JSON
    format = "json"


def takes_json(accept: str) -> bool:
    """Say whether a caller with this Accept header takes our answers."""
    is_short = len(accept) <= LONGEST_ACCEPT
    return names_json(accept) if is_short else names_json.__wrapped__(accept)


@lru_cache(maxsize=256)
def names_json(accept: str) -> bool:
    parts = (accept or "*/*").split(",")
    return bool({part.partition(";")[0].strip().lower() for part in parts} & ACCEPTED)


class BoundedJSONParser(BaseParser):
    """Reads JSON of bounded size and depth; NaN and lone surrogates are refused."""

    media_type = JSON

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError("The body of the request is not valid JSON.") from error
        refuse_deep(value, MAX_DEPTH)
        return value


def refuse_deep(value: object, levels: int) -> None:
    if levels == 0:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            refuse_deep(inner, levels - 1)


class JsonOnly(BaseContentNegotiation):
    """Answers JSON to whoever takes it; errors also as problem+json, see `errors`."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        matching = (parser for parser in parsers if parser.media_type == content_type)
        return next(matching, None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if not takes_json(request.META.get("HTTP_ACCEPT", "")):
            raise NotAcceptable("Every answer is application/json.")
        return renderers[0], renderers[0].media_type
