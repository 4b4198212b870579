"""No copy of TMDb's content is older than six months."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog import expiry, operations, upkeep
from nexus.catalog.load_starter import load_starter, starter_movie
from nexus.catalog.models import CreditKind, Keyword, Movie, MovieText
from nexus.catalog.starter import read_films
from nexus.catalog.store import OWNED_BY_TMDB
from nexus.playlists.models import PlaylistItem
from nexus.ratings.models import (
    HiddenMovie,
    MoviePreference,
    Rating,
    SkippedMovie,
    Viewing,
)
from tests.builders import (
    NOW,
    add_credit,
    fill_playlist,
    make_genres,
    make_movie,
    make_person,
    make_playlist,
    make_rating,
    make_viewing,
)
from tests.catalog.test_refresh import queued
from tests.client import Api
from tests.query_count import count_queries
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
OBSCURE, NEIGHBOUR, UNUSED = 910_005, 910_006, 910_007
TOLD = "Zanzibar"  # in every text that TMDb told
REFERRING: list[Any] = [
    Rating,
    Viewing,
    HiddenMovie,
    SkippedMovie,
    MoviePreference,
    PlaylistItem,
]


def make_told(
    movie_id: int, *, days: float, now: datetime = NOW, **values: Any
) -> Movie:
    """Make a film of which everything is known, fetched so many days ago."""
    known: dict[str, Any] = {
        "title": f"{TOLD} {movie_id}",
        "overview": f"{TOLD} is an island.",
        "tagline": TOLD,
        "status": TOLD,
        "imdb_id": "tt0000001",
        "poster_path": f"/{TOLD}.jpg",
        "backdrop_path": f"/{TOLD}.jpg",
        "trailer_key": TOLD,
        "metadata": {"homepage": TOLD},
        "fetched_at": now - timedelta(days=days),
    }
    movie = make_movie(movie_id, **(known | values))
    for kind in CreditKind:
        add_credit(movie, make_person(TOLD), kind)
    movie.keywords.add(Keyword.objects.get_or_create(id=1, name=TOLD)[0])
    MovieText.objects.create(movie=movie, language="de", region="DE", title=TOLD)
    return movie


def get(movie_id: int) -> Movie:
    return Movie.objects.get(id=movie_id)


# What a purge does


def test_it_works(owner: User) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))

    upkeep.purge_old_movies(now=NOW)

    movie = get(OBSCURE)
    assert (movie.title, movie.sort_title) == ("Film 910005", "film 910005")
    assert (movie.removed_at, movie.purged_at) == (NOW, NOW)


def test_nothing_that_tmdb_told_is_left(owner: User) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))

    upkeep.purge_old_movies(now=NOW)

    movie, blank = get(OBSCURE), expiry.blank_movie(OBSCURE)
    kept = {"removed_at", "purged_at", "updated_at"}
    for name in set(OWNED_BY_TMDB) - kept:
        assert getattr(movie, name) == getattr(blank, name), name
    assert movie.fetched_at is None
    assert not movie.credits.exists()
    assert not movie.keywords.exists()
    assert not movie.texts.exists()


def test_every_column_is_purged_or_ours() -> None:
    columns = {field.name for field in Movie._meta.concrete_fields}

    assert columns - set(OWNED_BY_TMDB) == {"id", "created_at"}


@pytest.mark.parametrize("days", [0, 149, 174.9])
def test_what_is_younger_stays(days: float) -> None:
    make_told(OBSCURE, days=days)

    upkeep.purge_old_movies(now=NOW)

    assert get(OBSCURE).title == f"{TOLD} {OBSCURE}"


def test_members_keep_what_they_said(owner: User) -> None:
    refer_to(make_told(OBSCURE, days=176), owner)

    upkeep.purge_old_movies(now=NOW)
    upkeep.purge_old_movies(now=NOW + 100 * DAY)

    for table in REFERRING:
        assert table.objects.get().movie_id == OBSCURE


def refer_to(movie: Movie, user: User) -> None:
    make_rating(user, movie, review="Liked it.")
    make_viewing(user, movie)
    HiddenMovie.objects.create(user=user, movie=movie, created_at=NOW)
    SkippedMovie.objects.create(user=user, movie=movie, created_at=NOW)
    MoviePreference.objects.create(user=user, movie=movie)
    playlist = make_playlist(user, visibility="public")
    fill_playlist(playlist, movie)


def test_all_ways_to_refer_to_a_film_are_known() -> None:
    found = {(rows.model, name) for rows, name in expiry.references_to_movies()}

    assert found == {(table, "movie") for table in REFERRING}


@pytest.mark.parametrize("table", REFERRING)
def test_each_of_them_keeps_the_film(owner: User, table: Any) -> None:
    refer_to(make_told(OBSCURE, days=176), owner)
    for other in REFERRING:
        if other is not table:
            other.objects.all().delete()

    upkeep.purge_old_movies(now=NOW)
    upkeep.purge_old_movies(now=NOW + 2 * DAY)

    assert get(OBSCURE).purged_at == NOW


def test_a_film_that_nobody_refers_to_is_deleted_a_day_later() -> None:
    make_told(OBSCURE, days=176)

    upkeep.purge_old_movies(now=NOW)
    assert get(OBSCURE).title == "Film 910005"
    upkeep.purge_old_movies(now=NOW + DAY + timedelta(seconds=1))

    assert not Movie.objects.exists()


def test_a_film_of_the_starter_catalogue_returns_to_its_facts() -> None:
    load_starter()
    film = read_films()[0]
    Movie.objects.filter(id=film.tmdb_id).delete()
    make_told(film.tmdb_id, days=176)

    upkeep.purge_old_movies(now=NOW)
    upkeep.purge_old_movies(now=NOW + 2 * DAY)

    movie, ours = get(film.tmdb_id), starter_movie(film)
    for name in set(OWNED_BY_TMDB) - {"updated_at"}:
        assert getattr(movie, name) == getattr(ours, name), name
    assert {one.person.name for one in movie.credits.all()} == {
        *film.directors,
        *film.cast,
    }
    assert movie.removed_at is None


def test_a_tombstone_stays_one(owner: User) -> None:
    removed_at = NOW - 3 * DAY
    make_rating(owner, make_told(OBSCURE, days=176, removed_at=removed_at))

    upkeep.purge_old_movies(now=NOW)

    movie = get(OBSCURE)
    assert (movie.title, movie.removed_at) == ("Film 910005", removed_at)
    assert movie.purged_at is None


def test_a_tombstone_that_nobody_refers_to_is_deleted() -> None:
    make_told(OBSCURE, days=176, removed_at=NOW - 3 * DAY)

    upkeep.purge_old_movies(now=NOW)
    upkeep.purge_old_movies(now=NOW + 2 * DAY)

    assert not Movie.objects.exists()


def test_what_was_refreshed_meanwhile_is_not_purged() -> None:
    make_told(OBSCURE, days=1)

    expiry.purge(OBSCURE, older_than=NOW - 175 * DAY, now=NOW)
    expiry.delete_unused(OBSCURE, purged_before=NOW)

    assert get(OBSCURE).title == f"{TOLD} {OBSCURE}"


@pytest.mark.django_db(transaction=True)
def test_a_purge_and_a_refresh_at_once_end_with_the_refreshed_film(
    known: TmdbServer,
) -> None:
    make_told(OBSCURE, days=176)
    now = timezone.now()

    together(
        partial(upkeep.purge_old_movies, now=now),
        partial(operations.refresh_movie, movie_id=OBSCURE, now=now),
        partial(upkeep.purge_old_movies, now=now),
    )

    movie = get(OBSCURE)
    assert (movie.title, movie.removed_at) == ("Obscure", None)
    assert movie.credits.count() == 3


# How a film comes back


@pytest.fixture
def known(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows the film."""
    tmdb.add_movie(OBSCURE, "Obscure")
    yield tmdb
    tmdb.remove_movie(OBSCURE)


def test_a_job_tries_to_bring_it_back(known: TmdbServer, owner: User) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))
    upkeep.purge_old_movies(now=NOW)

    upkeep.refresh_old_movies(now=NOW)

    assert queued() == [OBSCURE]
    movie = operations.refresh_movie(movie_id=OBSCURE, now=NOW)
    assert (movie.title, movie.removed_at) == ("Obscure", None)
    assert movie.purged_at is None


def test_reading_it_brings_it_back(api: Api, known: TmdbServer, owner: User) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))
    upkeep.purge_old_movies(now=NOW)

    answer = api.get(f"/api/movies/{OBSCURE}/")

    assert (answer.status, answer.json["title"]) == (200, "Obscure")
    assert answer.json["removed_at"] is None
    assert api.get("/api/movies/").json["count"] == 1


def test_reading_it_while_tmdb_is_down_says_so(
    api: Api, known: TmdbServer, owner: User
) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))
    upkeep.purge_old_movies(now=NOW)
    known.fail("503")

    assert api.get(f"/api/movies/{OBSCURE}/").status == 503


def test_one_that_tmdb_no_longer_knows_becomes_a_tombstone(
    api: Api, tmdb: TmdbServer, owner: User
) -> None:
    make_rating(owner, make_told(OBSCURE, days=176))
    upkeep.purge_old_movies(now=NOW)

    answers = [api.get(f"/api/movies/{OBSCURE}/") for _ in range(2)]

    assert [answer.json["title"] for answer in answers] == ["Film 910005"] * 2
    assert answers[0].json["removed_at"] is not None
    assert tmdb.calls[f"/movie/{OBSCURE}"] == 1
    assert get(OBSCURE).purged_at is None


def test_one_that_neither_tmdb_nor_a_member_knows_is_gone(
    api: Api, tmdb: TmdbServer
) -> None:
    make_told(OBSCURE, days=176)
    upkeep.purge_old_movies(now=NOW)

    assert api.get(f"/api/movies/{OBSCURE}/").status == 404
    assert not Movie.objects.exists()


# What is shown on day 181


def test_a_film_that_is_too_old_is_not_shown_before_the_purge_either(
    api: Api, tmdb: TmdbServer
) -> None:
    make_told(603, days=181, now=timezone.now())
    tmdb.fail("503")

    answer = api.get("/api/movies/603/")

    assert answer.status == 503
    assert TOLD not in answer.response.content.decode()


def test_a_tombstone_that_is_too_old_is_shown_without_what_tmdb_told(
    api: Api, tmdb: TmdbServer, owner: User
) -> None:
    now = timezone.now()
    make_rating(owner, make_told(OBSCURE, days=181, now=now, removed_at=now - 9 * DAY))

    answer = api.get(f"/api/movies/{OBSCURE}/")

    assert (answer.status, answer.json["title"]) == (200, "Film 910005")
    assert TOLD not in answer.response.content.decode()


@pytest.fixture
def old_world(owner: User, stranger: User, tmdb: TmdbServer) -> User:
    """A catalogue that nobody could refresh for 181 days, and what was said of it."""
    now = timezone.now()
    make_genres()
    for movie_id in (OBSCURE, NEIGHBOUR, UNUSED):
        make_told(movie_id, days=181, now=now)
    make_movie(title="Young", fetched_at=now)
    for user in (owner, stranger):
        refer_to(get(OBSCURE), user)
        make_rating(user, get(NEIGHBOUR))
    tmdb.fail("503")
    upkeep.purge_old_movies(now=now)
    return owner


LISTS = [
    "/api/movies/",
    f"/api/movies/?search={TOLD}",
    f"/api/movies/?ids={OBSCURE},{UNUSED}",
    "/api/movies/top_rated/",
    "/api/movies/trending/",
    "/api/genres/",
    "/api/user/onboarding/",
    "/api/user/recommendations/",
    "/api/user/recommendations/?include_watched=true",
]
OF_MEMBERS = [
    "/api/user/preferences/",
    "/api/user/history/",
    "/api/user/hidden/",
    "/api/user/profile/",
    "/api/profiles/stats/",
    "/api/ratings/",
    "/api/playlists/",
]
OF_THE_FILM = [
    "",
    "recommendations/",
    "similar/",
    "match_score/",
    "ratings/",
    "rating/",
]


@pytest.mark.parametrize("path", LISTS)
def test_lists_leave_it_out(old_world: User, path: str) -> None:
    answer = Api(old_world).get(path)

    told = answer.response.content.decode()
    assert answer.status == 200
    assert TOLD not in told.replace(f"search={TOLD}", "")
    assert str(OBSCURE) not in told
    assert str(UNUSED) not in told


@pytest.mark.parametrize("path", OF_MEMBERS)
def test_members_see_their_own_and_a_neutral_title(old_world: User, path: str) -> None:
    answer = Api(old_world).get(path)

    assert answer.status == 200
    assert TOLD not in answer.response.content.decode()


def test_what_they_take_along_has_the_neutral_title_too(old_world: User) -> None:
    answer = Api(old_world).get("/api/user/export/")

    with ZipFile(BytesIO(b"".join(answer.response))) as archive:
        told = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Film 910005" in told
    assert TOLD not in told


@pytest.mark.parametrize("path", OF_THE_FILM)
def test_what_is_said_of_the_film_tells_nothing_of_tmdbs(
    old_world: User, path: str
) -> None:
    answer = Api(old_world).get(f"/api/movies/{OBSCURE}/{path}")

    assert answer.status in {200, 503}
    assert TOLD not in answer.response.content.decode()


def test_a_playlist_shows_it_under_a_neutral_title(old_world: User) -> None:
    playlist = Api(old_world).get("/api/playlists/").json["results"][0]

    answer = Api().get(f"/api/playlists/{playlist['id']}/")

    assert [item["movie"]["title"] for item in answer.json["items"]] == ["Film 910005"]
    assert TOLD not in answer.response.content.decode()


def test_it_is_not_in_the_catalogue(owner_api: Api, known: TmdbServer) -> None:
    make_told(OBSCURE, days=176)
    upkeep.purge_old_movies(now=NOW)

    (found,) = owner_api.get("/api/tmdb/search/", query="obscure").json["results"]

    assert (found["title"], found["in_catalogue"]) == ("Obscure", False)


def test_it_cannot_be_put_into_a_playlist_unrefreshed(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    make_told(603, days=181, now=timezone.now())

    answer = owner_api.post("/api/playlists/", {"name": "Old", "movies": [603]})

    assert answer.json["items"][0]["movie"]["title"] == "The Matrix"


@pytest.mark.parametrize("rows", [1, 30])
def test_with_nothing_to_do_it_asks_twice(rows: int) -> None:
    for number in range(rows):
        make_told(OBSCURE + number, days=100)

    assert count_queries(lambda: upkeep.purge_old_movies(now=NOW)) == 2
