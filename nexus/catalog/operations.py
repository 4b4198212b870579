"""Writes of the catalogue, and the road from a film's id to the film."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DataError

from nexus.catalog import cache, metrics
from nexus.catalog.aside import Origin, count_lookup, refresh_soon, wait_for_one
from nexus.catalog.expiry import is_expired, mark_removed
from nexus.catalog.flight import Lead
from nexus.catalog.models import Movie, Person
from nexus.catalog.rows import read_film
from nexus.catalog.store import person_from, store_movie, write_changed
from nexus.catalog.upstream import (
    ask_tmdb,
    is_configured,
    is_failing,
    is_out,
    one_limit,
)
from nexus.lib.errors import (
    BadUpstreamError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from nexus.tmdb import MAX_ID, TmdbNonsense, TmdbNotFound

FRESH = timedelta(days=7)
KIND = "movie"  # in metrics and logs
# TMDb may lack a block of a new film for days: its readers ask for it so often.
COMPLETED_EVERY_S = 3_600
UNKNOWN_KEEP_S = 600  # so long TMDb is not asked again for a film that it does not know
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
    return held_or_fetched(read_film(movie_id), movie_id=movie_id, now=now)


def held_or_fetched(held: Movie | None, *, movie_id: int, now: datetime) -> Found:
    found = showable_copy(held, now=now)
    if found is None:
        if not (is_configured() and 0 < movie_id <= MAX_ID):
            raise MovieNotFound(movie_id)
        return fetch(movie_id, now=now)
    if found.movie.removed_at is None and is_stale(found.movie, now=now):
        refresh_later(found.movie)
    count_lookup(KIND, found.origin)
    return found


def find_stored(movie_id: int, *, now: datetime) -> Found | None:
    return showable_copy(read_film(movie_id), now=now)


def showable_copy(held: Movie | None, *, now: datetime) -> Found | None:
    """Return the film if we may show our copy; one past the terms' age we may not."""
    if held is None or is_expired(held, now=now):
        return None
    return Found(held, origin_of(held, now=now))


def refresh_later(movie: Movie) -> None:
    """Queue a refresh; of a partial film again only after a while."""
    claim = f"completing:{movie.pk}"
    if not is_partial(movie) or cache.claim(claim, keep_s=COMPLETED_EVERY_S):
        queue_refresh(movie.pk)


def queue_refresh(movie_id: int) -> None:
    refresh_soon("refresh_movie", key=str(movie_id), arguments={"movie_id": movie_id})


def find_complete(*, movie_id: int, now: datetime) -> Found:
    """Return the film with all that can be told of it: a starter film is completed.

    While TMDb is out, or fails now, the stored film is answered.
    """
    held = read_film(movie_id)
    is_complete = held and (held.fetched_at or held.removed_at)
    if held is None or is_complete or not is_configured() or is_out():
        return held_or_fetched(held, movie_id=movie_id, now=now)
    return refresh_or_keep(held, now=now)


def fetch(movie_id: int, *, now: datetime) -> Found:
    """Ask TMDb for a film that we do not hold; of simultaneous callers one asks."""
    if cache.read(unknown_key(movie_id)):
        metrics.LOOKUPS.labels(KIND, "unknown").inc()
        raise MovieNotFound(movie_id)

    def ask(_: Lead) -> Found:
        movie = refresh_movie(movie_id=movie_id, now=now)
        return Found(movie, live(movie, now=now), is_new=True)

    try:
        found = wait_for_one(
            KIND,
            f"movie:{movie_id}",
            find=lambda: find_stored(movie_id, now=now),
            fetch=ask,
        )
    except TmdbNotFound as error:
        metrics.LOOKUPS.labels(KIND, "unknown").inc()
        raise MovieNotFound(movie_id) from error
    count_lookup(KIND, found.origin)
    return found


def is_stale(movie: Movie, *, now: datetime) -> bool:
    """Say whether TMDb should be asked again; without a key there is nothing newer."""
    return is_configured() and (
        movie.fetched_at is None or now - movie.fetched_at > FRESH or is_partial(movie)
    )


def is_partial(movie: Movie) -> bool:
    """Say whether TMDb left something out that may still come."""
    return bool(movie.missing_blocks) and movie.removed_at is None


def live(movie: Movie, *, now: datetime) -> Origin:
    return Origin("live", now, degraded=is_partial(movie))


def origin_of(movie: Movie, *, now: datetime) -> Origin:
    if movie.fetched_at is None:
        return Origin("local", None, degraded=is_configured() and is_failing())
    if is_stale(movie, now=now):
        is_poor = is_partial(movie) or is_failing()
        return Origin("stale", movie.fetched_at, degraded=is_poor)
    return Origin("cache", movie.fetched_at)


@one_limit()
def get_movies(*, movie_ids: Sequence[int], field: str, now: datetime) -> list[Movie]:
    """Return the films in the order asked, each once.

    Raises UnknownMovie, naming the first, or TooManyToFetch.
    """
    held = Movie.objects.in_bulk(movie_ids)
    stored = {id_: one for id_, one in held.items() if not is_expired(one, now=now)}
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
    stored = find_stored(movie_id, now=now)
    if stored is None:
        found = fetch(movie_id, now=now)
    elif stored.movie.removed_at and cache.read(unknown_key(movie_id)):
        raise MovieNotFound(movie_id)
    else:
        found = refresh_or_keep(stored.movie, now=now)
    if found.movie.removed_at is not None:
        raise MovieNotFound(movie_id)
    return found


def refresh_or_keep(movie: Movie, *, now: datetime) -> Found:
    """Refresh the film if it is stale, or was taken back: TMDb may know it again.

    While TMDb cannot be asked it stays as it is.
    """
    if movie.removed_at is None and not is_stale(movie, now=now):
        return Found(movie, origin_of(movie, now=now))

    def find_newer() -> Found | None:
        """Return what somebody else brought since, which is as good as ours."""
        held = Movie.objects.filter(pk=movie.pk).first()
        if held is None:
            raise MovieNotFound(movie.pk)
        if held.updated_at == movie.updated_at:
            return None
        return Found(held, origin_of(held, now=now))

    def ask(_: Lead) -> Found:
        refreshed = refresh_movie(movie_id=movie.pk, now=now)
        return Found(refreshed, live(refreshed, now=now))

    try:
        key = f"refresh:{movie.pk}"
        found = wait_for_one(KIND, key, find=find_newer, fetch=ask)
    except (BadUpstreamError, UnavailableError):
        if is_expired(movie, now=now):
            raise
        return Found(movie, origin_of(movie, now=now))
    count_lookup(KIND, found.origin)
    return found


def refresh_movie(*, movie_id: int, now: datetime) -> Movie:
    """Ask TMDb for the film and store it.

    One that we hold and TMDb no longer knows becomes a tombstone: members keep what
    they said. Raises TmdbNotFound for one that we never held, and TmdbNonsense for one
    that no table can hold.
    """
    try:
        detail = ask_tmdb(KIND, lambda tmdb: tmdb.movie(movie_id))
    except TmdbNotFound:
        cache.write(unknown_key(movie_id), value=True, keep_s=UNKNOWN_KEEP_S)
        movie = mark_removed(movie_id, now=now)
        if movie is None:
            raise
        return movie
    try:
        return store_movie(detail, now=now)
    except DataError as error:
        raise TmdbNonsense("TMDb told what cannot be stored.") from error


def unknown_key(movie_id: int) -> str:
    """Return where the cache keeps that TMDb does not know the film."""
    return f"unknown-movie:{movie_id}"


@one_limit()
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
    unknown = f"unknown-person:{person_id}"
    if not is_configured() or person_id <= 0 or cache.read(unknown):
        raise UnknownPerson(f"There is no person with the id {person_id}.", field=field)

    def ask(_: Lead) -> Person:
        told = ask_tmdb("person", lambda tmdb: tmdb.person(person_id))
        found = person_from(told.tmdb_id, told.name, told.profile_path)
        write_changed(Person.objects, [found], ["name", "profile_path"])
        return found

    def find() -> Person | None:
        return Person.objects.filter(pk=person_id).first()

    try:
        return wait_for_one("person", f"person:{person_id}", find=find, fetch=ask)
    except TmdbNotFound as error:
        cache.write(unknown, value=True, keep_s=UNKNOWN_KEEP_S)
        raise UnknownPerson(str(error), field=field) from error
