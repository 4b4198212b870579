"""The pages in a real browser: they work, and keep to their own policies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from nexus.accounts.models import User
from tests.builders import PASSWORD, make_movie, make_person
from tests.web.browser import CHROMIUM, Browser, browser

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(tmp_path: Path, live_server: LiveServer) -> Iterator[Browser]:
    """A page that complains about nothing and asks nobody but us."""
    with browser(tmp_path) as found:
        yield found
        assert found.broken == []
        assert found.complaints == []
    ours = (live_server.url, f"blob:{live_server.url}", "data:")
    assert [address for address in found.asked if not address.startswith(ours)] == []


def test_the_start_page_works(page: Browser, live_server: LiveServer) -> None:
    page.visit(live_server.url)

    assert page.shows("Try the API")
    assert page.comes_to(
        "getComputedStyle(document.querySelector('nav')).display === 'flex'"
    )


def test_swagger_works(page: Browser, live_server: LiveServer) -> None:
    page.visit(f"{live_server.url}/swagger/")

    assert page.shows("Spend a refresh token for a new pair")
    assert page.run("document.querySelectorAll('.opblock').length") > 50


def test_swagger_tries_operations_out(page: Browser, live_server: LiveServer) -> None:
    make_movie(603, title="The Matrix")
    page.visit(f"{live_server.url}/swagger/")

    page.click("#operations-movies-get_movies button")
    page.click(".try-out__btn")
    page.click(".execute")

    assert page.shows('"title": "The Matrix"')


def test_swagger_keeps_a_token(page: Browser, live_server: LiveServer) -> None:
    page.visit(f"{live_server.url}/swagger/")

    page.click(".authorize")
    page.type_into(".auth-container input", "a.b.c")
    page.click(".auth-btn-wrapper .authorize")

    assert page.shows("Logout")


def test_redoc_works(page: Browser, live_server: LiveServer) -> None:
    page.visit(f"{live_server.url}/redoc/")

    assert page.shows("Spend a refresh token for a new pair")
    assert page.shows("API docs by Redocly")


def test_redoc_searches(page: Browser, live_server: LiveServer) -> None:
    page.visit(f"{live_server.url}/redoc/")

    page.type_into("[role=search] input", "playlist")

    assert page.find("[role=search] [aria-label='Make a playlist']")


@pytest.fixture
def desk(page: Browser, live_server: LiveServer, admin: User) -> Browser:
    """The page, signed in to the administration."""
    page.visit(f"{live_server.url}/admin/")
    page.type_into("[name=username]", admin.email)
    page.type_into("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.find("#logout-form")
    return page


def test_the_administration_works(desk: Browser, live_server: LiveServer) -> None:
    desk.visit(f"{live_server.url}/admin/accounts/user/")

    desk.type_into("#searchbar", "admin1")
    desk.click("#changelist-search [type=submit]")
    assert desk.comes_to("location.search === '?q=admin1'")
    desk.click(".field-username a")
    desk.click("[name=_save]")

    assert desk.shows("was changed successfully")


def test_the_administration_completes_names(
    desk: Browser, live_server: LiveServer
) -> None:
    make_person("Lana Wachowski", person_id=9340)
    unknown = make_person("L. Wachowski", person_id=-7)
    desk.visit(f"{live_server.url}/admin/catalog/person/{unknown.pk}/change/")

    desk.find(".select2-selection")
    desk.run("void django.jQuery('#id_replaced_by').select2('open')")
    desk.type_into(".select2-search__field", "lana")

    assert desk.shows("Lana Wachowski")


def test_an_answer_loads_nothing(live_server: LiveServer, tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        page.visit(f"{live_server.url}/api/movies/")
        assert page.shows("results")

        page.run("document.body.innerHTML = '<img src=/static/web/start.css>'")

        assert page.comes_to("window.broken.length")
        assert page.broken[0].startswith("img-src ")
