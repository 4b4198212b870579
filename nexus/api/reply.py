"""An answer is JSON, and bytes from the start: there is no other format to wait for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from django.http import HttpResponse

JSON: Final = "application/json"  # UTF-8 by definition
NEVER_STORE: Final = "no-store"  # of Cache-Control
OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Reply(HttpResponse):
    """What REST framework's Response would become; with no data it is empty."""

    def __init__(
        self,
        data: object = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = JSON,
    ) -> None:
        content = b"" if data is None else render(data)
        super().__init__(content, content_type=content_type, status=status)
        if data is None:
            del self["Content-Type"]
        for name, value in (headers or {}).items():
            self[name] = value


def render(data: object) -> bytes:
    """Return the JSON of what an answer, or a part of it, says."""
    return orjson.dumps(data, default=plain, option=OPTIONS)


def plain(value: object) -> object:
    """Turn what orjson does not know - lazy texts, decimals - into text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
