"""Films that TMDb removed or merged: gone from lists, kept for members."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog import cache, operations
from nexus.catalog.models import Movie
from nexus.ratings.models import HiddenMovie
from tests.builders import (
    NOW,
    fill_playlist,
    make_movie,
    make_playlist,
    make_rating,
    make_viewing,
)
from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db

MERGED = 910_008


@pytest.fixture
def merged(tmdb: TmdbServer, owner: User) -> Movie:
    """A film that a member knows and TMDb no longer does."""
    fetched_at = timezone.now() - timedelta(days=10)
    movie = make_movie(MERGED, title="Merged", fetched_at=fetched_at)
    make_rating(owner, movie, review="Liked it.")
    make_viewing(owner, movie)
    playlist = make_playlist(owner, visibility="public")
    fill_playlist(playlist, movie)
    return operations.refresh_movie(movie_id=MERGED, now=timezone.now())


@pytest.fixture
def again(merged: Movie, tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows the film again."""
    tmdb.add_movie(MERGED, "Back")
    yield tmdb
    tmdb.remove_movie(MERGED)


def test_it_works(merged: Movie, api: Api) -> None:
    answer = api.get(f"/api/movies/{MERGED}/")

    assert (answer.status, answer.json["title"]) == (200, "Merged")
    told = merged.removed_at
    assert told is not None
    assert answer.json["removed_at"] == told.isoformat().replace("+00:00", "Z")


def test_a_film_that_tmdb_knows_is_not_marked(api: Api, tmdb: TmdbServer) -> None:
    answers = [api.get("/api/movies/603/") for _ in range(2)]

    assert [answer.json["removed_at"] for answer in answers] == [None, None]


def test_reading_it_asks_nobody(merged: Movie, api: Api, tmdb: TmdbServer) -> None:
    tmdb.reset()

    assert api.get(f"/api/movies/{MERGED}/").status == 200

    assert not tmdb.asked


@pytest.mark.parametrize(
    "path",
    [
        "/api/movies/",
        "/api/movies/?search=merged",
        f"/api/movies/?ids={MERGED}",
        "/api/movies/top_rated/",
        "/api/user/recommendations/?include_watched=true",
        "/api/movies/604/similar/",
    ],
)
def test_lists_leave_it_out(merged: Movie, owner_api: Api, path: str) -> None:
    make_movie(604, fetched_at=timezone.now())

    answer = owner_api.get(path)

    assert answer.status == 200
    assert "Merged" not in answer.response.content.decode().replace("merged", "")


@pytest.mark.parametrize(
    "path",
    [
        "/api/movies/trending/?page_size=50",
        "/api/tmdb/search/?query=merged",
        "/api/movies/603/recommendations/?page_size=50",
    ],
)
def test_lists_of_tmdb_from_before_leave_it_out(
    tmdb: TmdbServer, owner_api: Api, path: str
) -> None:
    tmdb.add_movie(MERGED, "Merged")
    operations.get_movie(movie_id=MERGED, now=timezone.now())
    before = owner_api.get(path)
    tmdb.remove_movie(MERGED)

    operations.refresh_movie(movie_id=MERGED, now=timezone.now())

    after = owner_api.get(path)
    assert after.json["meta"]["source"] == "cache"
    assert MERGED in ids_in(before)
    assert MERGED not in ids_in(after)


def ids_in(answer: Answer) -> list[int]:
    return [movie["id"] for movie in answer.json["results"]]


def test_nobody_asks_tmdb_for_its_recommendations(
    merged: Movie, tmdb: TmdbServer, api: Api
) -> None:
    tmdb.reset()

    assert api.get(f"/api/movies/{MERGED}/recommendations/").status == 404

    assert not tmdb.asked


def test_that_tmdb_has_no_list_for_a_film_is_remembered(
    tmdb: TmdbServer, api: Api
) -> None:
    make_movie(MERGED, fetched_at=timezone.now())

    answers = [api.get(f"/api/movies/{MERGED}/recommendations/") for _ in range(3)]

    assert {answer.json["meta"]["source"] for answer in answers} == {"local"}
    assert len(tmdb.asked) == 1


@pytest.mark.parametrize(
    "path", ["/api/ratings/", "/api/user/history/", f"/api/movies/{MERGED}/rating/"]
)
def test_members_keep_what_they_said(merged: Movie, owner_api: Api, path: str) -> None:
    answer = owner_api.get(path)

    assert answer.status == 200
    assert "Merged" in answer.response.content.decode()


def test_playlists_keep_it(merged: Movie, owner_api: Api) -> None:
    playlist = owner_api.get("/api/playlists/").json["results"][0]

    answer = owner_api.get(f"/api/playlists/{playlist['id']}/")

    assert [item["movie"]["title"] for item in answer.json["items"]] == ["Merged"]


def test_members_may_go_on_saying_things(merged: Movie, stranger_api: Api) -> None:
    """They have seen it, whatever became of its entry."""
    rated = stranger_api.put(f"/api/movies/{MERGED}/rating/", {"stars": 2})
    seen = stranger_api.post("/api/user/history/", {"movie": MERGED})
    hidden = stranger_api.post("/api/user/hidden/", {"movie": MERGED})

    assert [rated.status, seen.status, hidden.status] == [201, 201, 201]
    assert HiddenMovie.objects.get().movie_id == MERGED


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/tmdb/import/", {"tmdb_id": MERGED}),
        ("get", f"/api/movies/{MERGED}/match_score/", None),
        ("get", f"/api/movies/{MERGED}/similar/", None),
    ],
)
def test_it_cannot_be_imported_or_recommended(
    merged: Movie, owner_api: Api, method: str, path: str, body: object
) -> None:
    answer = owner_api.call(method, path, body=body)

    assert (answer.status, answer.code) == (404, "movie_not_found")


def test_imports_of_it_ask_tmdb_once(
    merged: Movie, owner_api: Api, tmdb: TmdbServer
) -> None:
    for _ in range(3):
        owner_api.post("/api/tmdb/import/", {"tmdb_id": MERGED})

    assert tmdb.calls[f"/movie/{MERGED}"] == 1


def test_it_was_removed_when_that_was_first_seen(merged: Movie) -> None:
    later = timezone.now() + timedelta(days=9)

    movie = operations.refresh_movie(movie_id=MERGED, now=later)

    assert movie.removed_at == merged.removed_at


def test_our_copy_grows_no_younger(merged: Movie) -> None:
    """Else what TMDb told would stay for longer than six months."""
    assert merged.fetched_at is not None
    assert timezone.now() - merged.fetched_at > timedelta(days=9)


def test_a_refresh_brings_it_back(again: TmdbServer, api: Api) -> None:
    operations.refresh_movie(movie_id=MERGED, now=timezone.now())

    answer = api.get(f"/api/movies/{MERGED}/")
    assert (answer.json["title"], answer.json["removed_at"]) == ("Back", None)
    assert api.get("/api/movies/").json["count"] == 1


def test_whoever_asked_earlier_removes_nothing(tmdb: TmdbServer) -> None:
    make_movie(MERGED, fetched_at=NOW)

    earlier = NOW - timedelta(minutes=1)
    movie = operations.refresh_movie(movie_id=MERGED, now=earlier)

    assert movie.removed_at is None


def test_a_film_taken_back_lately_may_be_brought_in_again(
    tmdb: TmdbServer, owner_api: Api
) -> None:
    make_movie(MERGED, fetched_at=timezone.now() - timedelta(days=1))
    operations.refresh_movie(movie_id=MERGED, now=timezone.now())
    cache.forget(operations.unknown_key(MERGED))  # ten minutes later
    tmdb.add_movie(MERGED, "Back")

    answer = owner_api.post("/api/tmdb/import/", {"tmdb_id": MERGED})

    tmdb.remove_movie(MERGED)
    assert (answer.status, answer.json["title"]) == (200, "Back")
    assert answer.json["removed_at"] is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_it_refreshed_one_learns_that_it_is_gone(
    tmdb: TmdbServer, owner: User
) -> None:
    make_movie(MERGED, fetched_at=timezone.now() - timedelta(days=10))
    api = Api(owner)

    answers = together(
        *[lambda: api.post("/api/tmdb/import/", {"tmdb_id": MERGED})] * 8
    )

    assert {answer.status for answer in answers} == {404}
    assert tmdb.calls[f"/movie/{MERGED}"] == 1
