"""Every path answers with and without its trailing slash."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from nexus.api.middleware import ROOT_NOUNS, WITHOUT_SLASH, canonical


def routes(patterns: Any, before: str = "") -> Iterator[str]:
    for one in patterns:
        route = f"{before}{one.pattern}"
        if isinstance(one, URLPattern):
            yield route
        elif not route.startswith("admin"):
            yield from routes(one.url_patterns, route)


ROUTES = list(filter(None, routes(get_resolver().url_patterns)))


def test_it_knows_which_routes_end_without_one() -> None:
    bare = {route for route in ROUTES if not route.endswith("/")}

    assert len(ROUTES) > 50
    assert bare == WITHOUT_SLASH


@pytest.mark.parametrize("route", ROUTES)
def test_it_finds_a_route_by_all_its_spellings(route: str) -> None:
    spellings = {f"/{route}", f"/{route.rstrip('/')}", f"/{route.rstrip('/')}/"}
    first, _, rest = route.partition("/")
    if first == "api" and rest.partition("/")[0] in ROOT_NOUNS:
        spellings |= {f"/{rest}", f"/{rest.rstrip('/')}"}

    assert {canonical(path) for path in spellings} == {f"/{route}"}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/admin", "/admin/"),
        ("/admin/", "/admin/"),
        ("/admin/accounts/user", "/admin/accounts/user"),
        ("//", "//"),
        ("/api/movies//", "/api/movies//"),
        ("//movies/", "/api//movies/"),
        ("/moviesque/", "/moviesque/"),
    ],
)
def test_it_leaves_others_alone(path: str, meant: str) -> None:
    assert canonical(path) == meant
