"""Making and listing playlists."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from nexus.accounts.models import User
from nexus.playlists.models import Playlist, PlaylistVisibility
from tests.builders import (
    NOW,
    PASSWORD,
    fill_playlist,
    make_movie,
    make_playlist,
    make_user,
)
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.usefixtures("genres")

PATH = "/api/playlists/"
PUBLIC, UNLISTED = PlaylistVisibility.PUBLIC, PlaylistVisibility.UNLISTED


def names(answer: Answer) -> set[str]:
    return {one["name"] for one in answer.json["results"]}


def test_it_works(owner_api: Api) -> None:
    for movie_id in (1, 2, 3):
        make_movie(movie_id)

    answer = owner_api.post(
        PATH,
        {
            "name": "Rainy days",
            "description": "With tea.",
            "visibility": "public",
            "movies": [3, 1, 2],
        },
    )

    assert answer.status == 201
    assert UUID(answer.json["id"]).version == 4
    assert answer.json["name"] == "Rainy days"
    assert answer.json["description"] == "With tea."
    assert answer.json["visibility"] == "public"
    assert answer.json["owner"] == {"username": "owner"}
    assert answer.json["movie_count"] == 3
    assert [item["movie"]["id"] for item in answer.json["items"]] == [3, 1, 2]
    assert [item["position"] for item in answer.json["items"]] == [1, 2, 3]
    assert answer.json["items"][0]["note"] is None
    assert answer.json["items"][0]["added_at"].endswith("Z")
    assert answer.headers["ETag"]


def test_it_is_private_and_empty_by_default(owner_api: Api) -> None:
    answer = owner_api.post(PATH, {"name": "Mine"})

    assert answer.json["visibility"] == "private"
    assert answer.json["description"] is None
    assert answer.json["movie_count"] == 0
    assert answer.json["items"] == []


def test_it_takes_a_film_once(owner_api: Api) -> None:
    for movie_id in (1, 2):
        make_movie(movie_id)

    answer = owner_api.post(PATH, {"name": "Mine", "movies": [2, 1, 2, 2]})

    assert [item["movie"]["id"] for item in answer.json["items"]] == [2, 1]
    assert answer.json["movie_count"] == 2


def test_it_takes_a_name_twice(owner_api: Api) -> None:
    answers = [owner_api.post(PATH, {"name": "Mine"}) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_it_takes_no_description(owner_api: Api, nothing: str | None) -> None:
    answer = owner_api.post(PATH, {"name": "Mine", "description": nothing})

    assert answer.status == 201
    assert answer.json["description"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", ""),
        ("name", "  "),
        ("name", 5),
        ("name", "x" * 201),
        ("name", "a\0b"),
        ("description", "x" * 2001),
        ("description", 5),
        ("visibility", "secret"),
        ("visibility", ""),
        ("visibility", None),
        ("visibility", ["public"]),
        ("movies", None),
        ("movies", "603"),
        ("movies", ["603"]),
        ("movies", [0]),
        ("movies", [True]),
        ("movies", list(range(1, 1002))),
    ],
)
def test_it_refuses_other_values(owner_api: Api, field: str, value: object) -> None:
    answer = owner_api.post(PATH, {"name": "Mine"} | {field: value})

    assert answer.status == 400
    assert all(name.startswith(field) for name in answer.json["errors"])
    assert not Playlist.objects.exists()


def test_it_demands_a_name(owner_api: Api) -> None:
    assert owner_api.post(PATH, {}).field_code("name") == "required"


def test_it_wants_a_member_to_make_one(api: Api) -> None:
    answer = api.post(PATH, {"name": "Mine"})

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.usefixtures("tmdb")
def test_it_stores_films_that_only_tmdb_knows(owner_api: Api) -> None:
    make_movie(1)

    answer = owner_api.post(PATH, {"name": "Mine", "movies": [603, 1]})

    assert answer.status == 201
    assert [item["movie"]["id"] for item in answer.json["items"]] == [603, 1]


@pytest.mark.usefixtures("tmdb")
def test_it_names_an_unknown_film(owner_api: Api) -> None:
    answer = owner_api.post(PATH, {"name": "Mine", "movies": [603, 999_999]})

    assert answer.status == 400
    assert answer.field_code("movies") == "unknown_movie"
    assert "999999" in answer.json["message"]
    assert not Playlist.objects.exists()


def test_it_says_when_tmdb_is_down(owner_api: Api, tmdb: TmdbServer) -> None:
    tmdb.fail("503")

    answer = owner_api.post(PATH, {"name": "Mine", "movies": [603]})

    assert answer.status == 503
    assert not Playlist.objects.exists()


def test_it_lists_mine_newest_first(owner: User, owner_api: Api) -> None:
    for name, age in (("old", 2), ("new", 0), ("middle", 1)):
        make_playlist(owner, name=name, updated_at=NOW - timedelta(days=age))

    answer = owner_api.get(PATH)

    assert [one["name"] for one in answer.json["results"]] == ["new", "middle", "old"]
    assert "items" not in answer.json["results"][0]


def test_it_counts_the_films_of_each(owner: User, owner_api: Api) -> None:
    movies = [make_movie() for _ in range(3)]
    for count in (3, 0, 1):
        fill_playlist(make_playlist(owner, name=str(count)), *movies[:count])

    answer = owner_api.get(PATH)

    found = {one["name"]: one["movie_count"] for one in answer.json["results"]}
    assert found == {"3": 3, "0": 0, "1": 1}


@pytest.fixture
def every_kind(owner: User, stranger: User) -> None:
    for member in (owner, stranger):
        for visibility in PlaylistVisibility:
            name = f"{visibility} of {member.username}"
            make_playlist(member, name=name, visibility=visibility)


@pytest.mark.usefixtures("every_kind")
@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, {"public of owner", "public of stranger"}),
        ({"owner": "owner"}, {"public of owner"}),
        ({"owner": "OWNER"}, {"public of owner"}),
        ({"owner": "nobody"}, set()),
        ({"visibility": "public"}, {"public of owner", "public of stranger"}),
        ({"visibility": "unlisted"}, set()),
        ({"visibility": "private"}, set()),
        ({"visibility": "private", "owner": "owner"}, set()),
    ],
)
def test_it_lists_public_ones_to_anyone(
    api: Api, params: dict[str, Any], shown: set[str]
) -> None:
    answer = api.get(PATH, **params)

    assert answer.status == 200
    assert names(answer) == shown


@pytest.mark.usefixtures("every_kind")
@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, {"private of owner", "unlisted of owner", "public of owner"}),
        (
            {"owner": "owner"},
            {"private of owner", "unlisted of owner", "public of owner"},
        ),
        ({"owner": "stranger"}, {"public of stranger"}),
        ({"visibility": "private"}, {"private of owner"}),
        ({"visibility": "unlisted"}, {"unlisted of owner"}),
        ({"visibility": "public"}, {"public of owner", "public of stranger"}),
        ({"visibility": "public", "owner": "owner"}, {"public of owner"}),
        ({"visibility": "private", "owner": "stranger"}, set()),
        ({"visibility": "unlisted", "owner": "stranger"}, set()),
    ],
)
def test_it_lists_my_own_to_me(
    owner_api: Api, params: dict[str, Any], shown: set[str]
) -> None:
    assert names(owner_api.get(PATH, **params)) == shown


@pytest.mark.usefixtures("every_kind")
def test_it_lists_nothing_private_to_moderators(moderator_api: Api) -> None:
    answer = moderator_api.get(PATH, owner="owner")

    assert names(answer) == {"public of owner"}


def test_it_leaves_out_what_blocked_members_made(api: Api) -> None:
    make_playlist(make_user(is_active=False), visibility=PUBLIC)

    assert names(api.get(PATH)) == set()


@pytest.mark.parametrize(
    "params",
    [
        {"visibility": "secret"},
        {"owner": "x"},
        {"owner": "a\0b"},
        {"owner": "no spaces"},
        {"page": "1"},
        {"name": "x"},
    ],
)
def test_it_refuses_wrong_parameters(api: Api, params: dict[str, Any]) -> None:
    answer = api.get(PATH, **params)

    assert answer.status == 400
    assert answer.json["errors"].keys() == params.keys()


def test_it_asks_as_often_for_many_as_for_one(api: Api) -> None:
    movies = [make_movie() for _ in range(3)]
    counts = []
    for n_more in (1, 9, 90):
        for _ in range(n_more):
            fill_playlist(make_playlist(make_user(), visibility=PUBLIC), *movies)
        counts.append(count_queries(lambda: api.get(PATH, page_size=100)))

    assert counts == [1, 1, 1]


def test_it_ends_with_its_owner(owner: User, owner_api: Api, api: Api) -> None:
    playlist = make_playlist(owner, visibility=UNLISTED)
    fill_playlist(playlist, make_movie())

    owner_api.delete("/api/profiles/me/", {"password": PASSWORD})

    assert api.get(f"{PATH}{playlist.pk}/").status == 404
