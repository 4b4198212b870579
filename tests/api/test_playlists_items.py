"""/playlists/{id}/items/"""

from functools import partial

import pytest

from nexus.accounts.models import User
from nexus.playlists.models import Playlist, PlaylistItem
from tests.builders import fill_playlist, make_movie, make_playlist
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.usefixtures("genres")


@pytest.fixture
def playlist(owner: User) -> Playlist:
    return make_playlist(owner)


def items_path(playlist: Playlist) -> str:
    return f"/api/playlists/{playlist.pk}/items/"


def add(api: Api, playlist: Playlist, movie_id: int = 603, **more: object) -> Answer:
    return api.post(items_path(playlist), {"movie": movie_id} | more)


def reorder(api: Api, playlist: Playlist, *movie_ids: object) -> Answer:
    return api.put(f"{items_path(playlist)}order/", {"movies": list(movie_ids)})


def fill(playlist: Playlist, *movie_ids: int) -> None:
    fill_playlist(playlist, *(make_movie(movie_id) for movie_id in movie_ids))


def stored(playlist: Playlist) -> list[tuple[int, int]]:
    items = playlist.items.order_by("position")
    return [(item.position, item.movie_id) for item in items]


def test_it_works(playlist: Playlist, owner_api: Api) -> None:
    fill(playlist, 1, 2)
    make_movie(603, title="The Matrix")

    answer = add(owner_api, playlist, note="The first one.")

    assert answer.status == 201
    assert answer.json["movie"]["title"] == "The Matrix"
    assert answer.json["position"] == 3
    assert answer.json["note"] == "The first one."
    assert stored(playlist) == [(1, 1), (2, 2), (3, 603)]


def test_it_adds_once(playlist: Playlist, owner_api: Api) -> None:
    make_movie(603)
    first = add(owner_api, playlist)
    etag = owner_api.get(f"/api/playlists/{playlist.pk}/").headers["ETag"]

    second = add(owner_api, playlist)

    assert (first.status, second.status) == (201, 200)
    assert second.json == first.json
    assert stored(playlist) == [(1, 603)]
    assert owner_api.get(f"/api/playlists/{playlist.pk}/").headers["ETag"] == etag


def test_it_changes_the_note_of_a_film_that_is_there(
    playlist: Playlist, owner_api: Api
) -> None:
    make_movie(603)
    add(owner_api, playlist, note="Good.")

    assert add(owner_api, playlist).json["note"] == "Good."
    assert add(owner_api, playlist, note="Better.").json["note"] == "Better."
    assert add(owner_api, playlist, note=None).json["note"] is None


@pytest.mark.parametrize("note", [5, "x" * 501, "a\0b", ["note"]])
def test_it_refuses_impossible_notes(
    playlist: Playlist, owner_api: Api, note: object
) -> None:
    make_movie(603)

    answer = add(owner_api, playlist, note=note)

    assert answer.status == 400
    assert "note" in answer.json["errors"]


@pytest.mark.usefixtures("tmdb")
def test_it_stores_a_film_that_only_tmdb_knows(
    playlist: Playlist, owner_api: Api
) -> None:
    assert add(owner_api, playlist).json["movie"]["title"] == "The Matrix"


@pytest.mark.usefixtures("tmdb")
def test_it_does_not_find_an_unknown_film(playlist: Playlist, owner_api: Api) -> None:
    answer = add(owner_api, playlist, 999_999)

    assert answer.status == 404
    assert answer.code == "movie_not_found"


def test_it_says_when_tmdb_is_down(
    playlist: Playlist, owner_api: Api, tmdb: TmdbServer
) -> None:
    tmdb.fail("503")

    assert add(owner_api, playlist).status == 503


def test_it_holds_a_thousand(playlist: Playlist, owner_api: Api) -> None:
    fill(playlist, *range(1, 1000))
    make_movie(1000)
    make_movie(1001)

    assert add(owner_api, playlist, 1000).status == 201
    answer = add(owner_api, playlist, 1001)

    assert answer.status == 409
    assert answer.code == "playlist_full"
    assert add(owner_api, playlist, 1000).status == 200


@pytest.mark.parametrize(("removed", "left"), [(1, [2, 3]), (2, [1, 3]), (3, [1, 2])])
def test_it_removes_and_closes_the_gap(
    playlist: Playlist, owner_api: Api, removed: int, left: list[int]
) -> None:
    fill(playlist, 1, 2, 3)

    answer = owner_api.delete(f"{items_path(playlist)}{removed}/")

    assert answer.status == 204
    assert stored(playlist) == [(1, left[0]), (2, left[1])]


def test_it_does_not_remove_what_is_not_there(
    playlist: Playlist, owner_api: Api
) -> None:
    fill(playlist, 1)
    make_movie(603)

    answer = owner_api.delete(f"{items_path(playlist)}603/")

    assert answer.status == 404
    assert answer.code == "movie_not_in_playlist"


def test_it_removes_with_as_few_queries_from_many(
    playlist: Playlist, owner_api: Api
) -> None:
    counts = []
    for movies in (range(1, 3), range(3, 13), range(13, 113)):
        fill(playlist, *movies)
        path = f"{items_path(playlist)}{movies[0]}/"
        counts.append(count_queries(partial(owner_api.delete, path)))

    assert len(set(counts)) == 1


def test_it_reorders(playlist: Playlist, owner_api: Api) -> None:
    fill(playlist, 1, 2, 3)

    answer = reorder(owner_api, playlist, 3, 1, 2)

    assert answer.status == 200
    assert [item["movie"]["id"] for item in answer.json["items"]] == [3, 1, 2]
    assert stored(playlist) == [(1, 3), (2, 1), (3, 2)]


def test_it_reorders_a_thousand(playlist: Playlist, owner_api: Api) -> None:
    fill(playlist, *range(1, 1001))

    answer = reorder(owner_api, playlist, *range(1000, 0, -1))

    assert answer.status == 200
    assert stored(playlist)[0] == (1, 1000)
    assert stored(playlist)[-1] == (1000, 1)


@pytest.mark.parametrize(
    "order", [[], [1, 2], [1, 2, 3, 4], [1, 2, 4], [1, 2, 2], [1, 2, 3, 3]]
)
def test_it_refuses_an_order_of_other_films(
    playlist: Playlist, owner_api: Api, order: list[int]
) -> None:
    fill(playlist, 1, 2, 3)
    make_movie(4)

    answer = reorder(owner_api, playlist, *order)

    assert answer.status == 409
    assert answer.code == "order_mismatch"
    assert stored(playlist) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("body", [{}, {"movies": None}, {"movies": ["1"]}, [1, 2]])
def test_it_refuses_what_is_no_order(
    playlist: Playlist, owner_api: Api, body: object
) -> None:
    answer = owner_api.put(f"{items_path(playlist)}order/", body)

    assert answer.status == 400


def test_it_orders_an_empty_playlist(playlist: Playlist, owner_api: Api) -> None:
    assert reorder(owner_api, playlist).status == 200


@pytest.mark.django_db(transaction=True)
def test_it_adds_once_under_simultaneous_requests(
    owner: User, playlist: Playlist
) -> None:
    make_movie(603)
    apis = [Api(owner) for _ in range(8)]

    answers = together(*[partial(add, api, playlist) for api in apis])

    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert stored(playlist) == [(1, 603)]


@pytest.mark.django_db(transaction=True)
def test_it_adds_all_of_simultaneous_requests(owner: User, playlist: Playlist) -> None:
    movies = [make_movie(movie_id).pk for movie_id in range(1, 9)]

    answers = together(*[partial(add, Api(owner), playlist, one) for one in movies])

    assert [answer.status for answer in answers] == [201] * 8
    assert [position for position, _ in stored(playlist)] == list(range(1, 9))
    assert {movie_id for _, movie_id in stored(playlist)} == set(movies)


@pytest.mark.django_db(transaction=True)
def test_it_keeps_positions_whole_under_simultaneous_changes(
    owner: User, playlist: Playlist
) -> None:
    fill(playlist, 1, 2, 3, 4)
    make_movie(5)
    path = items_path(playlist)
    calls = [partial(Api(owner).delete, f"{path}{movie_id}/") for movie_id in (1, 2, 1)]
    calls += [partial(add, Api(owner), playlist, 5)]
    calls += [partial(reorder, Api(owner), playlist, 4, 3, 2, 1) for _ in range(2)]

    answers = together(*calls)

    assert {answer.status for answer in answers} <= {200, 201, 204, 404, 409}
    assert [position for position, _ in stored(playlist)] == [1, 2, 3]
    assert {movie_id for _, movie_id in stored(playlist)} == {3, 4, 5}
    assert PlaylistItem.objects.count() == 3
