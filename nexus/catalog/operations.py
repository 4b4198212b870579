"""Writes of the catalogue, and the road from a film's id to the film."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nexus.catalog.aside import Origin
from nexus.catalog.models import Movie, Person
from nexus.queue import do_later
from nexus.catalog.store import store_movie
from nexus.catalog.upstream import ask_tmdb, is_configured, is_failing
from nexus.lib.errors import (
    BadUpstreamError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from nexus.tmdb import TmdbNotFound

FRESH = timedelta(days=7)
MAX_ID = 2**31 - 1


class MovieNotFound(NotFoundError):
    code = "movie_not_found"

    def __init__(self, movie_id: int) -> None:
        super().__init__(f"There is no film with the id {movie_id}.")


class UnknownMovie(InvalidError):
    code = "unknown_movie"


class UnknownPerson(InvalidError):
    code = "unknown_person"


@dataclass(frozen=True, slots=True)
class Found:
    movie: Movie
    origin: Origin
    is_new: bool = False


def get_movie(*, movie_id: int, now: datetime) -> Movie:
    """Return the film, stored first if only TMDb knows it.

    Raises MovieNotFound, or what TMDb's client raises where TMDb cannot be asked.
    """
    return find_or_fetch(movie_id=movie_id, now=now).movie


def find_or_fetch(*, movie_id: int, now: datetime) -> Found:
    """Return the film and where it comes from; a stale one is refreshed in the background."""
    movie = Movie.objects.filter(id=movie_id).first()
    if movie is None:
        if not (is_configured() and 0 < movie_id <= MAX_ID):
            raise MovieNotFound(movie_id)
        return fetch(movie_id, now=now)
    if movie.removed_at is None and is_stale(movie, now=now):
        do_later("refresh_movie", once=str(movie_id), arguments={"movie_id": movie_id})
    return Found(movie, origin_of(movie, now=now))


def find_complete(*, movie_id: int, now: datetime) -> Found:
    """Return the film with all that can be told: one that TMDb never described is asked for.

    While TMDb is failing, or fails now, the stored film is answered.
    """
    movie = Movie.objects.filter(id=movie_id, fetched_at=None).first()
    if movie is None or not is_configured() or is_failing():
        return find_or_fetch(movie_id=movie_id, now=now)
    return refresh_or_keep(movie, now=now)


def fetch(movie_id: int, *, now: datetime) -> Found:
    try:
        detail = ask_tmdb(lambda tmdb: tmdb.movie(movie_id))
    except TmdbNotFound as error:
        raise MovieNotFound(movie_id) from error
    return Found(store_movie(detail, now=now), Origin("live", now), is_new=True)


def is_stale(movie: Movie, *, now: datetime) -> bool:
    """Say whether TMDb should be asked again; without a key what we hold is all there is."""
    return is_configured() and (
        movie.fetched_at is None or now - movie.fetched_at > FRESH
    )


def origin_of(movie: Movie, *, now: datetime) -> Origin:
    if movie.fetched_at is None:
        return Origin("local", None, degraded=is_configured() and is_failing())
    if is_stale(movie, now=now):
        return Origin("stale", movie.fetched_at, degraded=is_failing())
    return Origin("cache", movie.fetched_at)


def get_movies(*, movie_ids: Sequence[int], field: str, now: datetime) -> list[Movie]:
    """Return the films in the order asked; raises UnknownMovie, naming the first unknown."""
    stored = Movie.objects.in_bulk(movie_ids)
    found = []
    for movie_id in dict.fromkeys(movie_ids):
        try:
            found.append(stored.get(movie_id) or get_movie(movie_id=movie_id, now=now))
        except MovieNotFound as error:
            raise UnknownMovie(str(error), field=field) from error
    return found


def import_movie(*, movie_id: int, now: datetime) -> Found:
    """Bring the film into the catalogue; a stored one is refreshed if it is old.

    Where TMDb cannot be asked, a stored film is answered as it is.
    """
    movie = Movie.objects.filter(id=movie_id).first()
    if movie is None:
        return fetch(movie_id, now=now)
    if not is_stale(movie, now=now):
        return Found(movie, origin_of(movie, now=now))
    return refresh_or_keep(movie, now=now)


def refresh_or_keep(movie: Movie, *, now: datetime) -> Found:
    try:
        refreshed = refresh_movie(movie_id=movie.id, now=now)
    except (BadUpstreamError, UnavailableError):
        return Found(movie, origin_of(movie, now=now))
    return Found(refreshed or movie, Origin("live", now))


def refresh_movie(*, movie_id: int, now: datetime) -> Movie | None:
    """Bring a stored film up to date; None where TMDb no longer knows it.

    Such a film stays as a tombstone: members keep what they said of it.
    """
    try:
        detail = ask_tmdb(lambda tmdb: tmdb.movie(movie_id))
    except TmdbNotFound:
        Movie.objects.filter(id=movie_id).update(
            removed_at=now, fetched_at=now, updated_at=now
        )
        return None
    return store_movie(detail, now=now)


def find_person(*, person_id: int, field: str, now: datetime) -> Person:
    """Return the person, stored first if only TMDb knows them; raises UnknownPerson."""
    person = Person.objects.select_related("replaced_by").filter(id=person_id).first()
    if person is not None:
        return person.replaced_by or person
    if not is_configured() or person_id <= 0:
        raise UnknownPerson(f"There is no person with the id {person_id}.", field=field)
    try:
        told = ask_tmdb(lambda tmdb: tmdb.person(person_id))
    except TmdbNotFound as error:
        raise UnknownPerson(str(error), field=field) from error
    return store_person(told.tmdb_id, told.name, told.profile_path)


def store_person(person_id: int, name: str, profile_path: str | None) -> Person:
    values = {"name": name[:300], "profile_path": profile_path}
    person, _ = Person.objects.update_or_create(id=person_id, defaults=values)
    return person
