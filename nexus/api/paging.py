"""Two ways through a list: the catalogue by numbered pages, others by cursors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote_plus

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from nexus.api.endpoint import Params
from nexus.api.fields import ParamNumber, Text
from nexus.api.shared import address_of
from nexus.catalog.pages import LAST_PAGE

M = TypeVar("M", bound=Model)

DEFAULT_PAGE_SIZE = 20

# Few names and values are in nearly all addresses.
quoted = lru_cache(maxsize=1024)(quote_plus)


def page_size_field() -> ParamNumber:
    return ParamNumber(min_value=1, max_value=100, default=DEFAULT_PAGE_SIZE)


class PageParams(Params):
    page = ParamNumber(min_value=1, max_value=LAST_PAGE, default=1)
    page_size = page_size_field()


class CursorParams(Params):
    cursor = Text(
        required=False, max_length=500, help_text="From `next` or `previous`."
    )
    page_size = page_size_field()


def total_pages(count: int, page_size: int) -> int:
    return max(1, min(LAST_PAGE, ceil(count / page_size)))


def page_body(
    request: Request, params: dict[str, Any], *, count: int, results: Any
) -> dict[str, Any]:
    """Return a numbered page; raises NotFound past the last one."""
    page, pages = params["page"], total_pages(count, params["page_size"])
    if page > pages:
        raise NotFound("There is no such page.")
    return {
        "count": count,
        "page": page,
        "total_pages": pages,
        "next": link(request, page=page + 1) if page < pages else None,
        "previous": link(request, page=page - 1) if page > 1 else None,
        "results": results,
    }


def cut(rows: QuerySet[M], params: dict[str, Any]) -> list[M]:
    """Return the rows of the page that the parameters ask for."""
    start = (params["page"] - 1) * params["page_size"]
    return list(rows[start : start + params["page_size"]])


def link(request: Request, **changes: Any) -> str:
    """Return this request's address with some parameters changed."""
    query = request.query_params.dict() | {
        name: str(value) for name, value in changes.items()
    }
    # In one order, so that equal questions get equal answers.
    pairs = (f"{quoted(name)}={quoted(query[name])}" for name in sorted(query))
    return f"{address_of(request)}{request.path}?{'&'.join(pairs)}"


@dataclass(frozen=True, slots=True)
class Keyset:
    """A total descending order: an instant, then the unique key."""

    name: str  # of the list; a cursor of one list is none of another
    instant: str
    key: str = "id"
    read_key: Callable[[str], Any] = int


def cursor_body(
    request: Request,
    params: dict[str, Any],
    rows: QuerySet[M],
    keyset: Keyset,
    *,
    render: Callable[[list[M]], Any],
) -> dict[str, Any]:
    """Return one page, newest first, that starts where the cursor says."""
    size = params["page_size"]
    cursor = read_cursor(params["cursor"], keyset) if "cursor" in params else None
    backwards = cursor is not None and cursor.backwards
    prefix = "" if backwards else "-"
    ordered = rows.order_by(f"{prefix}{keyset.instant}", f"{prefix}{keyset.key}")
    if cursor is not None:
        ordered = ordered.filter(beyond(cursor, keyset))
    found = list(ordered[: size + 1])
    more, page = len(found) > size, found[:size]
    if backwards:
        page.reverse()
    has_next = backwards or more
    has_previous = more if backwards else cursor is not None
    return {
        "next": cursor_link(
            request, keyset, page[-1:], backwards=False, exists=has_next
        ),
        "previous": cursor_link(
            request, keyset, page[:1], backwards=True, exists=has_previous
        ),
        "results": render(page),
    }


@dataclass(frozen=True, slots=True)
class Cursor:
    instant: datetime
    key: Any
    backwards: bool


def beyond(cursor: Cursor, keyset: Keyset) -> Q:
    side = "gt" if cursor.backwards else "lt"
    past = Q(**{f"{keyset.instant}__{side}": cursor.instant})
    past |= Q(**{f"{keyset.key}__{side}": cursor.key})
    # The range of the first condition is what an index can be searched by.
    return Q(**{f"{keyset.instant}__{side}e": cursor.instant}) & past


def cursor_link(
    request: Request,
    keyset: Keyset,
    edge: Sequence[Model],
    *,
    backwards: bool,
    exists: bool,
) -> str | None:
    if not exists or not edge:
        return None
    row = edge[0]
    instant: datetime = getattr(row, keyset.instant)
    parts = [instant.isoformat(), str(getattr(row, keyset.key)), int(backwards)]
    return link(request, cursor=signing.dumps(parts, salt=f"cursor:{keyset.name}"))


def read_cursor(text: str, keyset: Keyset) -> Cursor:
    try:
        instant, key, backwards = signing.loads(text, salt=f"cursor:{keyset.name}")
        place = datetime.fromisoformat(instant), keyset.read_key(key)
    except (signing.BadSignature, TypeError, ValueError) as error:
        # Of a good signature and a wrong form are cursors of an older version.
        message = "This cursor is not one of this list's."
        raise ValidationError({"cursor": message}, code="invalid_cursor") from error
    return Cursor(*place, backwards=bool(backwards))
