"""/playlists/{id}/"""

from typing import Any

import pytest

from nexus.accounts.models import User
from nexus.playlists.models import Playlist, PlaylistVisibility
from tests.builders import fill_playlist, make_movie, make_playlist
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

ABSENT = "6f1a9a52-7d0e-4c0b-9a43-1d2f0a9f4c11"
SHARED = ["public", "unlisted"]
WRITES: list[tuple[str, str, object]] = [
    ("put", "", {"name": "Taken over"}),
    ("patch", "", {"name": "Taken over"}),
    ("delete", "", None),
    ("post", "items/", {"movie": 2}),
    ("delete", "items/1/", None),
    ("put", "items/order/", {"movies": [1]}),
]


def path_of(playlist: Playlist) -> str:
    return f"/api/playlists/{playlist.pk}/"


def ids(answer: Answer) -> list[int]:
    return [item["movie"]["id"] for item in answer.json["items"]]


@pytest.fixture
def playlist(owner: User) -> Playlist:
    """A private one of film 1; film 2 is there to be added."""
    made = make_playlist(owner)
    fill_playlist(made, make_movie(1))
    make_movie(2)
    return made


def share(playlist: Playlist, visibility: str) -> None:
    playlist.visibility = PlaylistVisibility(visibility)
    playlist.save()


def test_it_works(playlist: Playlist, owner_api: Api) -> None:
    answer = owner_api.get(path_of(playlist))

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.json["name"] == "Favourites"
    assert answer.json["movie_count"] == 1
    assert ids(answer) == [1]


@pytest.mark.parametrize("visibility", SHARED)
def test_it_is_readable_by_link(
    playlist: Playlist, api: Api, stranger_api: Api, visibility: str
) -> None:
    share(playlist, visibility)

    for viewer in (api, stranger_api):
        answer = viewer.get(path_of(playlist))

        assert answer.status == 200
        assert ids(answer) == [1]


@pytest.mark.parametrize(("method", "below", "body"), [("get", "", None), *WRITES])
def test_it_hides_a_private_one_from_strangers(
    playlist: Playlist, stranger_api: Api, method: str, below: str, body: object
) -> None:
    answer = stranger_api.call(method, path_of(playlist) + below, body=body)

    assert answer.status == 404
    assert answer.code == "playlist_not_found"


def test_it_hides_a_private_one_from_moderators(
    playlist: Playlist, moderator_api: Api
) -> None:
    assert moderator_api.get(path_of(playlist)).status == 404


def test_it_hides_a_private_one_from_anyone(playlist: Playlist, api: Api) -> None:
    assert api.get(path_of(playlist)).status == 404


@pytest.mark.parametrize("visibility", SHARED)
@pytest.mark.parametrize(("method", "below", "body"), WRITES)
def test_it_refuses_the_writes_of_strangers(
    playlist: Playlist,
    stranger_api: Api,
    visibility: str,
    method: str,
    below: str,
    body: object,
) -> None:
    share(playlist, visibility)
    before = stranger_api.get(path_of(playlist)).json

    answer = stranger_api.call(method, path_of(playlist) + below, body=body)

    assert answer.status == 403
    assert answer.code == "permission_denied"
    assert stranger_api.get(path_of(playlist)).json == before


@pytest.mark.parametrize(("method", "below", "body"), WRITES)
def test_it_wants_a_member_to_write(
    playlist: Playlist, api: Api, method: str, below: str, body: object
) -> None:
    share(playlist, "public")

    assert api.call(method, path_of(playlist) + below, body=body).status == 401


@pytest.mark.parametrize("playlist_id", [ABSENT, "1", "x", ABSENT.upper()])
def test_it_does_not_find_what_is_absent(owner_api: Api, playlist_id: str) -> None:
    assert owner_api.get(f"/api/playlists/{playlist_id}/").status == 404


def test_put_replaces(playlist: Playlist, owner_api: Api) -> None:
    owner_api.patch(path_of(playlist), {"description": "Old.", "visibility": "public"})

    answer = owner_api.put(path_of(playlist), {"name": "New", "movies": [2]})

    assert answer.status == 200
    assert answer.json["name"] == "New"
    assert answer.json["description"] is None
    assert answer.json["visibility"] == "private"
    assert ids(answer) == [2]


def test_put_takes_back_what_get_gave(playlist: Playlist, owner_api: Api) -> None:
    before = owner_api.get(path_of(playlist)).json

    after = owner_api.put(path_of(playlist), before)

    assert after.status == 200
    assert after.json["updated_at"] != before["updated_at"]
    assert after.json | {"updated_at": before["updated_at"]} == before


def test_put_without_films_keeps_them(playlist: Playlist, owner_api: Api) -> None:
    answer = owner_api.put(path_of(playlist), {"name": "New"})

    assert ids(answer) == [1]


def test_put_demands_a_name(playlist: Playlist, owner_api: Api) -> None:
    answer = owner_api.put(path_of(playlist), {"visibility": "public"})

    assert answer.field_code("name") == "required"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "New"},
        {"description": "Old films."},
        {"visibility": "public"},
        {"visibility": "unlisted"},
    ],
)
def test_patch_changes_a_part(
    playlist: Playlist, owner_api: Api, change: dict[str, Any]
) -> None:
    before = owner_api.get(path_of(playlist)).json

    answer = owner_api.patch(path_of(playlist), change)

    assert answer.status == 200
    changed = before | change | {"updated_at": answer.json["updated_at"]}
    assert answer.json == changed
    assert owner_api.get(path_of(playlist)).json == changed


def test_patch_sets_films_and_keeps_what_is_said_of_the_old(
    playlist: Playlist, owner_api: Api
) -> None:
    owner_api.post(f"{path_of(playlist)}items/", {"movie": 1, "note": "Twice!"})
    make_movie(3)

    answer = owner_api.patch(path_of(playlist), {"movies": [3, 1, 2]})

    assert ids(answer) == [3, 1, 2]
    assert [item["note"] for item in answer.json["items"]] == [None, "Twice!", None]


def test_patch_takes_all_films_out(playlist: Playlist, owner_api: Api) -> None:
    answer = owner_api.patch(path_of(playlist), {"movies": []})

    assert answer.json["items"] == []
    assert answer.json["movie_count"] == 0


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": None}, {"visibility": "secret"}, {"movies": [999_999]}],
)
def test_patch_refuses_other_values(
    playlist: Playlist, owner_api: Api, change: dict[str, Any]
) -> None:
    before = owner_api.get(path_of(playlist)).json

    answer = owner_api.patch(path_of(playlist), change)

    assert answer.status == 400
    assert answer.json["errors"].keys() == change.keys()
    assert owner_api.get(path_of(playlist)).json == before


def test_patch_changes_nothing_while_tmdb_is_down(
    playlist: Playlist, owner_api: Api, tmdb: TmdbServer
) -> None:
    tmdb.fail("503")

    answer = owner_api.patch(path_of(playlist), {"name": "New", "movies": [603]})

    assert answer.status == 503
    assert owner_api.get(path_of(playlist)).json["name"] == "Favourites"


def test_delete_removes_it(playlist: Playlist, owner_api: Api) -> None:
    assert owner_api.delete(path_of(playlist)).status == 204
    assert owner_api.get(path_of(playlist)).status == 404
    assert owner_api.delete(path_of(playlist)).status == 404


def test_it_asks_as_often_for_many_as_for_one(owner: User, owner_api: Api) -> None:
    playlist = make_playlist(owner)
    counts = []
    for n_more in (1, 9, 90, 900):
        fill_playlist(playlist, *(make_movie() for _ in range(n_more)))
        counts.append(count_queries(lambda: owner_api.get(path_of(playlist))))

    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
def test_it_changes_and_deletes_at_the_same_moment(
    owner: User, playlist: Playlist
) -> None:
    apis = [Api(owner) for _ in range(8)]
    calls = [
        lambda api=api: api.patch(path_of(playlist), {"name": "x"}) for api in apis
    ]
    calls[4:] = [lambda api=api: api.delete(path_of(playlist)) for api in apis[4:]]

    answers = together(*calls)

    assert {answer.status for answer in answers} <= {200, 204, 404}
    assert sum(answer.status == 204 for answer in answers) == 1
    assert not Playlist.objects.exists()
