"""Writes of the catalogue, and the road from a film's id to the film."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from nexus.catalog import cache
from nexus.catalog.aside import Origin, alone, refresh_soon
from nexus.catalog.models import Movie, Person
from nexus.catalog.store import person_from, store_movie, write_changed
from nexus.catalog.upstream import ask_tmdb, is_configured, is_failing
from nexus.lib.errors import (
    BadUpstreamError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from nexus.tmdb import Tmdb, TmdbNotFound

FRESH = timedelta(days=7)
# TMDb's terms: no copy older than six months. The rest is for days without an answer.
OLD = timedelta(days=150)
REFRESHED_AT_ONCE = 1_000
JUST_FETCHED = timedelta(hours=12)
UNKNOWN_KEEP_S = 600  # so long TMDb is not asked again for a film that it does not know
MAX_ID = 2**31 - 1
MOST_FETCHED = 20  # films or people that one request may ask TMDb for


class MovieNotFound(NotFoundError):
    code = "movie_not_found"

    def __init__(self, movie_id: int) -> None:
        super().__init__(f"There is no film with the id {movie_id}.")


class UnknownMovie(InvalidError):
    code = "unknown_movie"


class TooManyToFetch(InvalidError):
    code = "too_many_to_fetch"


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
    """Return the film and where it comes from; a stale one is refreshed by a job."""
    movie = Movie.objects.filter(id=movie_id).first()
    if movie is None:
        if not (is_configured() and 0 < movie_id <= MAX_ID):
            raise MovieNotFound(movie_id)
        return fetch(movie_id, now=now)
    if movie.removed_at is None and is_stale(movie, now=now):
        queue_refresh(movie_id)
    return Found(movie, origin_of(movie, now=now))


def queue_refresh(movie_id: int) -> None:
    refresh_soon("refresh_movie", key=str(movie_id), arguments={"movie_id": movie_id})


def find_complete(*, movie_id: int, now: datetime) -> Found:
    """Return the film with all that can be told of it: a starter film is completed.

    While TMDb is failing, or fails now, the stored film is answered.
    """
    movie = Movie.objects.filter(id=movie_id, fetched_at=None).first()
    if movie is None or not is_configured() or is_failing():
        return find_or_fetch(movie_id=movie_id, now=now)
    return refresh_or_keep(movie, now=now)


def fetch(movie_id: int, *, now: datetime) -> Found:
    """Ask TMDb for a film that we do not hold."""
    unknown = f"unknown-movie:{movie_id}"
    with alone(f"movie:{movie_id}"):
        if movie := Movie.objects.filter(id=movie_id).first():
            return Found(movie, origin_of(movie, now=now))
        if cache.read(unknown):
            raise MovieNotFound(movie_id)
        try:
            detail = ask_tmdb(lambda tmdb: tmdb.movie(movie_id))
        except TmdbNotFound as error:
            cache.write(unknown, value=True, keep_s=UNKNOWN_KEEP_S)
            raise MovieNotFound(movie_id) from error
        return Found(store_movie(detail, now=now), Origin("live", now), is_new=True)


def is_stale(movie: Movie, *, now: datetime) -> bool:
    """Say whether TMDb should be asked again; without a key there is nothing newer."""
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
    """Return the films in the order asked, each once.

    Raises UnknownMovie, naming the first, or TooManyToFetch.
    """
    stored = Movie.objects.in_bulk(movie_ids)
    wanted = dict.fromkeys(movie_ids)
    refuse_many([id_ for id_ in wanted if id_ not in stored], field=field)
    found = []
    for movie_id in wanted:
        try:
            found.append(stored.get(movie_id) or get_movie(movie_id=movie_id, now=now))
        except MovieNotFound as error:
            raise UnknownMovie(str(error), field=field) from error
    return found


def refuse_many(missing: Sequence[int], *, field: str) -> None:
    """Keep one request from asking TMDb for minutes."""
    if is_configured() and len(missing) > MOST_FETCHED:
        raise TooManyToFetch(
            f"{len(missing)} of these are not stored yet; at most {MOST_FETCHED} are "
            "fetched at once. Bring in the others first.",
            field=field,
        )


def import_movie(*, movie_id: int, now: datetime) -> Found:
    """Bring the film into the catalogue; a stored one is refreshed if it is old.

    Where TMDb cannot be asked, a stored film is answered as it is. Raises MovieNotFound
    also for a film that TMDb took back.
    """
    movie = Movie.objects.filter(id=movie_id).first()
    if movie is None:
        return fetch(movie_id, now=now)
    found = refresh_or_keep(movie, now=now)
    if found.movie.removed_at is not None:
        raise MovieNotFound(movie_id)
    return found


def refresh_or_keep(movie: Movie, *, now: datetime) -> Found:
    """Refresh the film if it is stale; while TMDb cannot be asked it stays as it is."""
    with alone(f"movie:{movie.pk}"):
        movie.refresh_from_db()
        if not is_stale(movie, now=now):
            return Found(movie, origin_of(movie, now=now))
        try:
            movie = refresh_movie(movie_id=movie.pk, now=now)
        except (BadUpstreamError, UnavailableError):
            return Found(movie, origin_of(movie, now=now))
        return Found(movie, Origin("live", now))


def refresh_movie(*, movie_id: int, now: datetime) -> Movie:
    """Bring a stored film up to date.

    One that TMDb no longer knows becomes a tombstone: members keep what they said.
    """
    try:
        detail = ask_tmdb(lambda tmdb: tmdb.movie(movie_id))
    except TmdbNotFound:
        gone = Movie.objects.filter(id=movie_id)
        gone.update(removed_at=now, fetched_at=now, updated_at=now)
        return Movie.objects.get(id=movie_id)
    return store_movie(detail, now=now)


def refresh_old_movies(*, now: datetime) -> None:
    """Queue the films whose copy grows old, the oldest first."""
    if is_configured():
        old = Movie.objects.filter(removed_at=None, fetched_at__lt=now - OLD)
        ids = old.order_by("fetched_at", "id").values_list("id", flat=True)
        queue_refreshes(ids[:REFRESHED_AT_ONCE])


def refresh_changed_movies(*, now: datetime) -> None:
    """Queue the films that changed at TMDb since the day before yesterday.

    Raises what TMDb's client raises.
    """
    if not is_configured():
        return
    today, page, pages = now.date(), 1, 1
    start_on = today - timedelta(days=2)
    while page <= pages:
        changes = ask_tmdb(
            partial(Tmdb.changes, start_on=start_on, end_on=today, page=page)
        )
        held = Movie.objects.filter(id__in=changes.tmdb_ids, removed_at=None)
        older = held.filter(fetched_at__lt=now - JUST_FETCHED)
        queue_refreshes(older.values_list("id", flat=True))
        page, pages = page + 1, changes.total_pages


def queue_refreshes(movie_ids: Iterable[int]) -> None:
    for movie_id in movie_ids:
        queue_refresh(movie_id)


def find_people(*, person_ids: Sequence[int], field: str) -> list[Person]:
    """Return the people in the order asked, each once; an older id finds the real one.

    Who is not stored is asked for. Raises UnknownPerson, naming the first, or
    TooManyToFetch.
    """
    stored = Person.objects.select_related("replaced_by").in_bulk(person_ids)
    wanted = dict.fromkeys(person_ids)
    refuse_many([id_ for id_ in wanted if id_ not in stored], field=field)
    people = [
        stored.get(id_) or fetch_person(person_id=id_, field=field) for id_ in wanted
    ]
    return list(dict.fromkeys(person.replaced_by or person for person in people))


def fetch_person(*, person_id: int, field: str) -> Person:
    if not is_configured() or person_id <= 0:
        raise UnknownPerson(f"There is no person with the id {person_id}.", field=field)
    try:
        told = ask_tmdb(lambda tmdb: tmdb.person(person_id))
    except TmdbNotFound as error:
        raise UnknownPerson(str(error), field=field) from error
    found = person_from(told.tmdb_id, told.name, told.profile_path)
    write_changed(Person.objects, [found], ["name", "profile_path"])
    return found
