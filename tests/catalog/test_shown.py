"""No list shows a copy older than 180 days, also where no job was there to purge it."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog import fill, upkeep
from nexus.catalog.conditions import FilmQuery
from nexus.catalog.expiry import is_expired, is_listed, unexpired
from nexus.catalog.models import Movie
from nexus.catalog.rows import rows
from nexus.ratings.models import Rating
from tests.builders import NOW, make_genres, make_movie, make_rating
from tests.catalog.test_expiry import (
    OBSCURE,
    OF_MEMBERS,
    TOLD,
    get,
    make_told,
    refer_to,
)
from tests.catalog.test_refresh import queued
from tests.client import Answer, Api
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
YOUNG, READ = 910_011, 910_012
LISTS = [
    "/api/movies/",
    "/api/movies/?ordering=title",
    f"/api/movies/?search={TOLD}",
    f"/api/movies/?ids={OBSCURE},{YOUNG}",
    "/api/movies/?genres=18&year=2000",
    "/api/movies/top_rated/",
    "/api/movies/trending/",
    f"/api/movies/{READ}/similar/",
    f"/api/movies/{READ}/recommendations/",
    "/api/user/recommendations/",
    "/api/user/recommendations/?include_watched=true",
    "/api/user/recommendations/?genres=18",
]


@pytest.fixture
def old_film(genres: None) -> Movie:
    """A film that nobody refreshed for 181 days, among two that may be shown."""
    now = timezone.now()
    make_told(YOUNG, days=179.9, now=now)
    make_told(READ, days=0, now=now)
    return make_told(OBSCURE, days=181, now=now)


def listed(answer: Answer) -> list[int]:
    assert answer.status == 200
    found = answer.json if isinstance(answer.json, list) else answer.json["results"]
    return [(entry.get("movie") or entry)["id"] for entry in found]


@pytest.mark.parametrize("path", LISTS)
def test_it_works(old_film: Movie, owner_api: Api, path: str) -> None:
    answer = owner_api.get(path)

    assert YOUNG in listed(answer)
    assert OBSCURE not in listed(answer)
    if "count" in answer.json:
        assert answer.json["count"] == len(listed(answer))


def test_genres_do_not_count_it(old_film: Movie, api: Api) -> None:
    counts = {one["id"]: one["movie_count"] for one in api.get("/api/genres/").json}

    assert counts[18] == 2


def test_its_own_page_asks_tmdb(api: Api, tmdb: TmdbServer) -> None:
    make_told(603, days=181, now=timezone.now())

    answer = api.get("/api/movies/603/")

    assert (answer.json["title"], tmdb.calls["/movie/603"]) == ("The Matrix", 1)
    assert listed(api.get("/api/movies/")) == [603]


def test_lists_of_tmdbs_tell_it_as_one_we_do_not_hold(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    make_told(603, days=181, now=timezone.now(), vote_count=5)

    answer = owner_api.get("/api/tmdb/search/", query="the matrix", year=1999)

    (found,) = answer.json["results"]
    assert (found["title"], found["in_catalogue"]) == ("The Matrix", False)


@pytest.mark.parametrize("path", ["", "?genres=18"])
def test_a_feed_of_before_does_not_bring_it_back(
    owner_api: Api, genres: None, path: str
) -> None:
    path = f"/api/user/recommendations/{path}"
    ids = [make_movie(genres=[18]).pk for _ in range(3)]
    assert set(listed(owner_api.get(path))) == set(ids)
    age(ids[0])

    answers = [owner_api.get(path) for _ in range(2)]

    assert [set(listed(answer)) for answer in answers] == [set(ids[1:])] * 2
    assert answers[1].json["count"] == 2


def age(movie_id: int) -> None:
    """Let the copy grow too old; the row does not change by that."""
    fetched_at = timezone.now() - 181 * DAY
    Movie.objects.filter(id=movie_id).update(fetched_at=fetched_at)


def test_films_like_it_are_not_told_by_it(api: Api, genres: None) -> None:
    ids = [make_movie(genres=[18]).pk for _ in range(3)]
    path = f"/api/movies/{ids[0]}/similar/"
    assert set(listed(api.get(path))) == set(ids[1:])
    age(ids[1])

    assert listed(api.get(path)) == ids[2:]


def test_a_reason_names_it_neutrally(owner_api: Api, owner: User, genres: None) -> None:
    liked, other = make_movie(title=TOLD), make_movie()
    make_rating(owner, liked, stars=5)
    path = f"/api/movies/{other.pk}/match_score/"
    assert TOLD in owner_api.get(path).response.content.decode()
    age(liked.pk)

    told = owner_api.get(path).response.content.decode()

    assert TOLD not in told
    assert f"You gave Film {liked.pk} 5 stars." in told


# What members said of it


def seen_by_members(user: User) -> dict[str, Any]:
    api = Api(user)
    playlist = api.get("/api/playlists/").json["results"][0]["id"]
    rating = Rating.objects.get(movie=OBSCURE).pk
    paths = [
        *OF_MEMBERS,
        f"/api/playlists/{playlist}/",
        f"/api/ratings/{rating}/",
        f"/api/movies/{OBSCURE}/rating/",
    ]
    answers = {path: api.get(path) for path in paths}
    assert {answer.status for answer in answers.values()} == {200}
    return {path: answer.json for path, answer in answers.items()}


def test_members_see_the_same_before_the_purge_as_after_it(owner: User) -> None:
    make_genres()
    refer_to(make_told(OBSCURE, days=181, now=timezone.now()), owner)

    before = seen_by_members(owner)

    assert TOLD not in str(before)
    assert "Film 910005" in str(before)
    upkeep.purge_old_movies(now=timezone.now())
    assert before == seen_by_members(owner)


def test_they_see_a_young_copy_as_it_is(owner: User) -> None:
    refer_to(make_told(OBSCURE, days=179, now=timezone.now()), owner)

    for path, told in seen_by_members(owner).items():
        assert TOLD in str(told) or path == "/api/playlists/", path


@pytest.mark.parametrize(
    ("days", "title"), [(179, f"{TOLD} {OBSCURE}"), (181, f"Film {OBSCURE}")]
)
def test_what_they_take_along_tells_no_old_copy(
    owner: User, owner_api: Api, days: int, title: str
) -> None:
    refer_to(make_told(OBSCURE, days=days, now=timezone.now()), owner)

    answer = owner_api.get("/api/user/export/")

    with ZipFile(BytesIO(b"".join(answer.response))) as archive:
        lists = (
            "ratings",
            "history",
            "hidden_movies",
            "skipped_movies",
            "playlist_items",
            "preferences",
        )
        for name in lists:
            assert title in archive.read(f"{name}.csv").decode(), name
        document = archive.read("nexus.json").decode()
    assert (TOLD in document) == (days == 179)


# The rule


@pytest.mark.parametrize("days", [None, 0, 179.9, 180, 180.1, 400])
@pytest.mark.parametrize("is_purged", [False, True])
def test_rows_and_films_are_judged_alike(days: float | None, is_purged: bool) -> None:
    movie = make_movie(
        fetched_at=None if days is None else NOW - timedelta(days=days),
        purged_at=NOW if is_purged else None,
    )

    found = Movie.objects.filter(unexpired(NOW)).exists()

    in_sql = FilmQuery(is_listed(NOW), "id").ids(start=0, end=1)
    assert found is bool(rows(in_sql.sql, in_sql.values))
    assert found is not is_expired(movie, now=NOW)
    assert found is ((not is_purged) if days is None else days <= 180)


@pytest.fixture
def revived(genres: None) -> Movie:
    """A film that was purged and refreshed by a version that knows no purges."""
    now = timezone.now()
    return make_movie(OBSCURE, fetched_at=now, purged_at=now - 2 * DAY)


def test_a_film_with_a_copy_is_not_purged(revived: Movie, owner_api: Api) -> None:
    for path in ("/api/movies/", "/api/user/recommendations/"):
        assert listed(owner_api.get(path)) == [OBSCURE]
    assert owner_api.get(f"/api/movies/{OBSCURE}/").status == 200


def test_it_is_neither_deleted_nor_asked_for(revived: Movie, tmdb: TmdbServer) -> None:
    now = timezone.now()

    upkeep.purge_old_movies(now=now)
    upkeep.refresh_old_movies(now=now)

    assert get(OBSCURE).title == revived.title
    assert queued() == []
    assert fill.stale_ids(now=now) == []
