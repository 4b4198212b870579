"""Cursors, as every list of a member's own has them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.playlists.models import PlaylistVisibility
from nexus.ratings.models import HiddenMovie
from tests.builders import (
    NOW,
    make_movie,
    make_playlist,
    make_rating,
    make_viewing,
)
from tests.client import Answer, Api

pytestmark = pytest.mark.usefixtures("genres")

Add = Callable[[User, datetime], object]


def add_rating(user: User, at: datetime) -> None:
    make_rating(user, make_movie(), updated_at=at)


def add_viewing(user: User, at: datetime) -> None:
    make_viewing(user, make_movie(), created_at=at)


def add_hidden(user: User, at: datetime) -> None:
    HiddenMovie.objects.create(user=user, movie=make_movie(), created_at=at)


def add_playlist(user: User, at: datetime) -> None:
    make_playlist(user, updated_at=at)


LISTS = {
    "/api/ratings/": add_rating,
    "/api/user/history/": add_viewing,
    "/api/user/hidden/": add_hidden,
    "/api/playlists/": add_playlist,
}
EVERY_LIST = pytest.mark.parametrize(("path", "add"), LISTS.items())


def keys(answer: Answer) -> list[object]:
    return [one.get("id") or one["movie"]["id"] for one in answer.json["results"]]


def walk(api: Api, first: Answer, link: str) -> list[Answer]:
    """Follow the links of this name until there is none."""
    pages = [first]
    while address := pages[-1].json[link]:
        pages.append(api.get(address))
        assert len(pages) < 50
    return pages


def every_key(pages: list[Answer]) -> list[object]:
    return [key for page in pages for key in keys(page)]


def cursor_of(answer: Answer, link: str = "next") -> str:
    return str(parse_qs(urlsplit(answer.json[link]).query)["cursor"][0])


@EVERY_LIST
@pytest.mark.parametrize("step_s", [60, 0, 1e-6])
@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 8])
def test_it_walks_all_rows_once_in_both_directions(
    owner: User, owner_api: Api, path: str, add: Add, step_s: float, page_size: int
) -> None:
    for n in range(7):
        add(owner, NOW + timedelta(seconds=n * step_s))
    whole = keys(owner_api.get(path))

    there = walk(owner_api, owner_api.get(path, page_size=page_size), "next")
    back = walk(owner_api, there[-1], "previous")

    assert len(set(whole)) == 7
    assert every_key(there) == whole
    assert every_key(back[::-1]) == whole
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]


@EVERY_LIST
def test_it_walks_while_rows_are_added(
    owner: User, owner_api: Api, path: str, add: Add
) -> None:
    for n in range(4):
        add(owner, NOW + timedelta(minutes=n))
    before = keys(owner_api.get(path))
    pages = [owner_api.get(path, page_size=1)]

    while address := pages[-1].json["next"]:
        add(owner, NOW + timedelta(minutes=10 + len(pages)))
        pages.append(owner_api.get(address))
    back = walk(owner_api, pages[-1], "previous")

    assert every_key(pages) == before
    assert every_key(back[::-1]) == keys(owner_api.get(path))


def test_it_walks_on_after_the_row_it_stood_at_is_gone(
    owner: User, owner_api: Api
) -> None:
    ratings = [
        make_rating(owner, make_movie(), updated_at=NOW + timedelta(minutes=n))
        for n in range(3)
    ]
    first = owner_api.get("/api/ratings/", page_size=1)
    ratings[2].delete()

    second = owner_api.get(first.json["next"])

    assert keys(second) == [ratings[1].pk]


@EVERY_LIST
def test_it_has_no_links_on_the_only_page(
    owner: User, owner_api: Api, path: str, add: Add
) -> None:
    add(owner, NOW)

    answer = owner_api.get(path, page_size=1)

    assert answer.json["next"] is None
    assert answer.json["previous"] is None


@EVERY_LIST
def test_it_answers_an_empty_list(owner_api: Api, path: str, add: Add) -> None:
    answer = owner_api.get(path)

    assert answer.json == {"next": None, "previous": None, "results": []}


@EVERY_LIST
def test_it_takes_up_to_a_hundred(
    owner: User, owner_api: Api, path: str, add: Add
) -> None:
    for _ in range(21):
        add(owner, NOW)

    assert len(owner_api.get(path).json["results"]) == 20
    assert len(owner_api.get(path, page_size=1).json["results"]) == 1
    assert len(owner_api.get(path, page_size=100).json["results"]) == 21


@EVERY_LIST
@pytest.mark.parametrize("page_size", ["0", "101", "-1", "x", "", "1.5"])
def test_it_refuses_other_sizes(
    owner_api: Api, path: str, add: Add, page_size: str
) -> None:
    answer = owner_api.get(path, page_size=page_size)

    assert answer.status == 400
    assert "page_size" in answer.json["errors"]


@EVERY_LIST
@pytest.mark.parametrize("cursor", ["x", "a:b:c", "é🎬", "\0", "x" * 500, "::", "e30"])
def test_it_refuses_forged_cursors(
    owner_api: Api, path: str, add: Add, cursor: str
) -> None:
    answer = owner_api.get(path, cursor=cursor)

    assert answer.status == 400
    assert "cursor" in answer.json["errors"]


def test_it_refuses_a_changed_cursor(owner: User, owner_api: Api) -> None:
    for _ in range(2):
        add_rating(owner, NOW)
    cursor = cursor_of(owner_api.get("/api/ratings/", page_size=1))

    answer = owner_api.get("/api/ratings/", cursor=f"x{cursor}")

    assert answer.field_code("cursor") == "invalid_cursor"


@EVERY_LIST
@pytest.mark.parametrize("other", LISTS)
def test_it_refuses_the_cursors_of_other_lists(
    owner: User, owner_api: Api, path: str, add: Add, other: str
) -> None:
    for _ in range(2):
        add(owner, NOW)
    cursor = cursor_of(owner_api.get(path, page_size=1))

    answer = owner_api.get(other, cursor=cursor)

    assert answer.status == (200 if other == path else 400)


def test_it_refuses_cursors_signed_with_an_older_key(
    owner: User, api: Api, settings: Settings
) -> None:
    for _ in range(2):
        make_playlist(owner, visibility=PlaylistVisibility.PUBLIC)
    stale = api.get("/api/playlists/", page_size=1).json["next"]
    settings.SECRET_KEY = "another key, as long as a key has to be"

    answer = api.get(stale)

    assert answer.status == 400
    assert answer.field_code("cursor") == "invalid_cursor"


def test_it_keeps_the_form_of_the_path(owner: User, owner_api: Api) -> None:
    for _ in range(2):
        add_rating(owner, NOW)

    answer = owner_api.get("/ratings", page_size=1)

    assert answer.json["next"].startswith("http://testserver/ratings?")
    assert owner_api.get(answer.json["next"]).status == 200


def test_it_shows_nobody_elses_rows(
    owner: User, owner_api: Api, stranger_api: Api
) -> None:
    for _ in range(2):
        add_rating(owner, NOW)

    answer = stranger_api.get(owner_api.get("/api/ratings/", page_size=1).json["next"])

    assert answer.json["results"] == []
