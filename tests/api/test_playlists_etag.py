"""ETag and If-Match of playlists."""

from functools import partial

import pytest

from nexus.accounts.models import User
from nexus.playlists.models import Playlist
from tests.builders import fill_playlist, make_movie, make_playlist
from tests.client import Answer, Api
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")

CHANGES: list[tuple[str, str, object]] = [
    ("put", "", {"name": "New"}),
    ("patch", "", {"name": "New"}),
    ("post", "items/", {"movie": 2}),
    ("delete", "items/1/", None),
    ("put", "items/order/", {"movies": [1]}),
]
WRITES = [*CHANGES, ("delete", "", None)]


@pytest.fixture
def path(owner: User) -> str:
    """Of a playlist of film 1; film 2 is there to be added."""
    playlist = make_playlist(owner)
    fill_playlist(playlist, make_movie(1))
    make_movie(2)
    return f"/api/playlists/{playlist.pk}/"


def etag(api: Api, path: str) -> str:
    return str(api.get(path).headers["ETag"])


def rename(api: Api, path: str, if_match: str) -> Answer:
    return api.patch(path, {"name": "New"}, headers={"If-Match": if_match})


@pytest.mark.parametrize(("method", "below", "body"), WRITES)
def test_it_works(
    owner_api: Api, path: str, method: str, below: str, body: object
) -> None:
    headers = {"If-Match": etag(owner_api, path)}

    answer = owner_api.call(method, path + below, body=body, headers=headers)

    assert answer.status in {200, 201, 204}


@pytest.mark.parametrize(("method", "below", "body"), WRITES)
def test_it_refuses_to_overwrite_what_was_not_read(
    owner_api: Api, path: str, method: str, below: str, body: object
) -> None:
    headers = {"If-Match": etag(owner_api, path)}
    current = owner_api.patch(path, {"name": "Changed meanwhile"})

    answer = owner_api.call(method, path + below, body=body, headers=headers)

    assert answer.status == 412
    assert answer.code == "precondition_failed"
    assert owner_api.get(path).json == current.json


@pytest.mark.parametrize(("method", "below", "body"), CHANGES)
def test_it_changes_with_every_change(
    owner_api: Api, path: str, method: str, below: str, body: object
) -> None:
    before = etag(owner_api, path)

    owner_api.call(method, path + below, body=body)

    assert etag(owner_api, path) != before


def test_it_stays_while_nothing_changes(owner_api: Api, path: str) -> None:
    assert etag(owner_api, path) == etag(owner_api, path)


def test_every_answer_has_the_current_one(owner_api: Api, path: str) -> None:
    made = owner_api.post("/api/playlists/", {"name": "Mine"})
    changed = rename(owner_api, path, etag(owner_api, path))
    ordered = owner_api.put(f"{path}items/order/", {"movies": [1]})

    assert made.headers["ETag"] == etag(owner_api, f"/api/playlists/{made.json['id']}/")
    assert changed.headers["ETag"] != ordered.headers["ETag"]
    assert ordered.headers["ETag"] == etag(owner_api, path)


@pytest.mark.parametrize("shape", ["*", " * ", "{}", '"x", {}', '{}, "0"'])
def test_it_takes_every_tag_that_matches(owner_api: Api, path: str, shape: str) -> None:
    if_match = shape.format(etag(owner_api, path))

    assert rename(owner_api, path, if_match).status == 200


@pytest.mark.parametrize("shape", ["W/{}", '"x"', '"0", "999"', "x", '""', '"²"'])
def test_it_refuses_every_other_tag(owner_api: Api, path: str, shape: str) -> None:
    if_match = shape.format(etag(owner_api, path))

    assert rename(owner_api, path, if_match).status == 412


def test_it_tells_strangers_nothing(stranger_api: Api, path: str) -> None:
    assert rename(stranger_api, path, '"999"').status == 404


@pytest.mark.django_db(transaction=True)
def test_one_of_simultaneous_changes_wins(owner: User, path: str) -> None:
    apis = [Api(owner) for _ in range(8)]
    read = etag(apis[0], path)

    answers = together(*[partial(rename, api, path, read) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    assert Playlist.objects.get().name == "New"
