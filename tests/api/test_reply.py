"""An answer is bytes from the start, and so are the addresses in it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from django.utils.translation import gettext_lazy
from rest_framework.request import Request

from nexus.api.paging import link
from nexus.api.reply import Reply


def test_it_works() -> None:
    reply = Reply({"a": [1, None]}, status=201, headers={"ETag": '"1"'})

    assert reply.content == b'{"a":[1,null]}'
    assert reply.status_code == 201
    assert dict(reply.items()) == {"Content-Type": "application/json", "ETag": '"1"'}


def test_it_says_nothing_of_the_type_of_nothing() -> None:
    reply = Reply(status=204)

    assert reply.content == b""
    assert not reply.has_header("Content-Type")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (gettext_lazy("Film"), b'"Film"'),
        (Decimal("1.50"), b'"1.50"'),
        (datetime(2031, 5, 1, tzinfo=UTC), b'"2031-05-01T00:00:00Z"'),
        (
            datetime(2031, 5, 1, tzinfo=timezone(timedelta(hours=2))),
            b'"2031-05-01T00:00:00+02:00"',
        ),
        ({1: "a"}, b'{"1":"a"}'),
    ],
)
def test_it_writes_what_json_does_not_know(value: object, written: bytes) -> None:
    assert Reply(value).content == written


@pytest.mark.parametrize(
    "query",
    ["", "search=a+b%26%3Dc", "genres=28,12|%C3%A9", "search=%ff%00", "z=&page=7&a=~"],
)
def test_it_spells_addresses_as_a_form_would(query: str) -> None:
    request = Request(RequestFactory().get(f"/api/movies/?{query}"))
    told = QueryDict(query).dict() | {"page": "2"}

    for _ in range(2):
        found = link(request, page=2)

        spelt = urlencode(sorted(told.items()))
        assert found == f"http://testserver/api/movies/?{spelt}"
