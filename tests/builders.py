"""Rows for tests: valid by default, every value can be given."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from nexus.accounts.models import Role, User
from nexus.accounts.roles import ensure_groups
from nexus.catalog.models import Credit, CreditKind, Genre, Movie, Person
from nexus.catalog.title_index import derive_titles, store_words
from nexus.playlists.models import Playlist, PlaylistItem
from nexus.ratings.models import Rating, Viewing

PASSWORD = "correct-horse-7"
# Today at noon: what was fetched on a fixed day would be too old to be shown one day.
NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
GENRES = {28: "Action", 18: "Drama", 35: "Comedy", 878: "Science Fiction", 27: "Horror"}

_numbers = count(1)


def make_user(
    username: str | None = None, *, role: Role = Role.MEMBER, **values: Any
) -> User:
    username = username or f"member{next(_numbers)}"
    values = {
        "name": username.title(),
        "email": f"{username.lower()}@example.org",
        "created_at": NOW,
    } | values
    user = User(username=username, role=role, **values)
    user.set_password(PASSWORD)
    user.save()
    if role != Role.MEMBER:
        ensure_groups()
    return user


def make_genres() -> None:
    Genre.objects.bulk_create(
        [Genre(id=id_, name=name) for id_, name in GENRES.items()],
        ignore_conflicts=True,
    )


def make_movie(
    movie_id: int | None = None, *, title: str | None = None, **values: Any
) -> Movie:
    """Make a film of the year 2000 with plain votes; `genres` are ids."""
    movie_id = movie_id or 900_000 + next(_numbers)
    title = title or f"Film {movie_id}"
    original_title = values.pop("original_title", title)
    values = {
        "year": 2000,
        "release_date": date(2000, 1, 1),
        "runtime": 100,
        "genres": [18],
        "vote_average": 7.0,
        "vote_count": 1000,
        "popularity": 10.0,
        "original_language": "en",
        "fetched_at": NOW,
    } | values
    movie = Movie(id=movie_id, title=title, original_title=original_title, **values)
    derive_titles(movie)
    movie.save(force_insert=True)
    store_words([movie])
    return movie


def make_person(name: str, *, person_id: int | None = None) -> Person:
    return Person.objects.create(id=person_id or 700_000 + next(_numbers), name=name)


def add_credit(
    movie: Movie, person: Person, kind: CreditKind = CreditKind.CAST
) -> Credit:
    position = Credit.objects.filter(movie=movie, kind=kind).count()
    return Credit.objects.create(
        movie=movie, person=person, kind=kind, position=position
    )


def make_rating(user: User, movie: Movie, *, stars: float = 4, **values: Any) -> Rating:
    values = {"created_at": NOW, "updated_at": NOW} | values
    return Rating.objects.create(
        user=user, movie=movie, half_stars=round(stars * 2), **values
    )


def make_playlist(owner: User, *, name: str = "Favourites", **values: Any) -> Playlist:
    values = {"created_at": NOW, "updated_at": NOW} | values
    return Playlist.objects.create(owner=owner, name=name, **values)


def make_viewing(
    user: User, movie: Movie, day: date | None = None, **values: Any
) -> Viewing:
    values = {"created_at": NOW} | values
    return Viewing.objects.create(user=user, movie=movie, watched_on=day, **values)


def fill_playlist(playlist: Playlist, *movies: Movie) -> None:
    """Put the films at the end of the playlist."""
    first = playlist.items.count() + 1
    PlaylistItem.objects.bulk_create(
        PlaylistItem(playlist=playlist, movie=movie, position=position, added_at=NOW)
        for position, movie in enumerate(movies, start=first)
    )
