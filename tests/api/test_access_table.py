"""Who may do what: docs/access.md, compared with what is answered.

Every route of the URL map is asked by five callers with every method; what has no row
must not be answered. To fill in new rows, write them with `?` in their cells, and

    ACCESS_TABLE=rewrite .venv/bin/python -m pytest -n 0 tests/api/test_access_table.py

puts what is answered into the cells of docs/access.md, of all its rows. Judge each
one in the diff: the table says what should be. What a row names in braces is made in
access_things.py, what is sent is in access_bodies.py.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import get_resolver
from pytest_django import DjangoDbBlocker

from tests.api.access_bodies import BODIES
from tests.api.access_cast import Cast
from tests.api.access_table import (
    CALLERS,
    FILE,
    METHODS,
    NOT_ANSWERED,
    Row,
    Table,
    read,
    rewrite,
    route_of,
    routes_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tmdb")]

TABLE = read(FILE.read_text(encoding="utf-8"))
ROUTES = sorted(routes_of(get_resolver()))
# By row and caller: a row may stand for several routes.
ANSWERED: dict[Row, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
BY_RULE = {"HEAD", "OPTIONS"}
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"


@pytest.fixture(scope="module")
def cast(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """One for all tests: each request of theirs is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(PASSWORD_HASHERS=[MD5]):
            made = Cast()
        yield made
        transaction.set_rollback(True)


class Compared(NamedTuple):
    """One answer, and the row that tells of it, if there is one."""

    row: Row | None
    method: str
    path: str
    caller: str
    got: str

    @property
    def expected(self) -> str:
        return NOT_ANSWERED if self.row is None else self.row.statuses[self.caller]

    def __str__(self) -> str:
        should = f"should be {self.expected}" if self.row else "has no row"
        return f"{self.method} {self.path} by {self.caller} {should}, but is {self.got}"


def compare(cast: Cast, table: Table, paths: list[str]) -> Iterator[Compared]:
    """Ask for the paths, all of one route, in every way.

    Methods without a row are tried on one path of the route. HEAD and OPTIONS follow a
    rule: that the least and the most trusted caller meet it will do.
    """
    rows = {method for path in paths for method in table[path]}
    for path, method, caller in product(paths, METHODS, CALLERS):
        is_tried = method in rows or path == paths[0]
        if is_tried and (method not in BY_RULE or caller in {"anonymous", "admin"}):
            got = cast.ask(caller, method, path)
            yield Compared(table[path].get(method), method, path, caller, got)


def differences(answers: Iterable[Compared]) -> list[str]:
    return [str(answer) for answer in answers if answer.got != answer.expected]


def put_into_file(answers: list[Compared]) -> None:
    for row, _, _, caller, got in answers:
        if row is not None:
            ANSWERED[row][caller].add(got)
    rewrite(ANSWERED)


@pytest.mark.parametrize("route", ROUTES)
def test_it_works(cast: Cast, count: Callable[[str], None], route: str) -> None:
    paths = [path for path in TABLE if route_of(path) == route]
    assert paths, f"docs/access.md has no row for {route}"

    answers = list(compare(cast, TABLE, paths))

    for _ in answers:
        count("(route, method, caller) triples compared with docs/access.md")
    count("routes compared with docs/access.md")
    if os.environ.get("ACCESS_TABLE") == "rewrite":
        put_into_file(answers)
    if found := differences(answers):
        pytest.fail("\n".join(["not as in docs/access.md:", *found]), pytrace=False)


def test_it_names_no_route_that_is_not_there() -> None:
    assert [path for path in TABLE if route_of(path) not in ROUTES] == []


def test_it_sends_no_body_to_what_is_not_there() -> None:
    assert {body.partition(" ")[2] for body in BODIES} <= set(ROUTES)


def test_it_names_each_method_of_a_path_once() -> None:
    row = "| GET, POST | `/healthz` | 200 | 200 | 200 | 200 | 200 |"

    with pytest.raises(ValueError, match="two rows for GET /healthz"):
        read(f"{row}\n{row.replace(', POST', '')}")


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        (
            "| GET | `/healthz` | 200 | 200 | 200 | 403 | 200 |",
            "GET /healthz by moderator should be 403, but is 200",
        ),
        (
            "| POST | `/healthz` | 405 | 405 | 405 | 405 | 405 |",
            "GET /healthz by anonymous has no row, but is 200",
        ),
        (
            "| GET | `/api/playlists/{private}/` | 404 | 200 | 200 | 404 | 404 |",
            "GET /api/playlists/{private}/ by member should be 200, but is 404",
        ),
    ],
    ids=["another status", "a method without a row", "a private thing"],
)
def test_it_tells_what_differs(cast: Cast, row: str, difference: str) -> None:
    table = read(row)

    found = differences(compare(cast, table, list(table)))

    assert difference in found


def test_elsewhere_nothing_is_found(cast: Cast) -> None:
    answers = {
        cast.ask(caller, method, "/api/nothing/")
        for method, caller in product(METHODS, CALLERS)
    }

    assert answers == {"404"}
