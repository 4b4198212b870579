"""TMDb's lists as films of ours, with what we hold where TMDb cannot be asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nexus.catalog import listings
from nexus.catalog.aside import Answer, Origin
from nexus.catalog.expiry import is_expired
from nexus.catalog.listings import Slice
from nexus.catalog.models import Movie
from nexus.catalog.operations import get_movie
from nexus.catalog.queries import MovieFilters, find_movies
from nexus.catalog.rows import read_in_order
from nexus.catalog.store import movie_from_brief
from nexus.catalog.upstream import is_configured, one_limit
from nexus.lib.errors import BadUpstreamError, NotFoundError, UnavailableError
from nexus.tmdb import Window


@dataclass(frozen=True, slots=True)
class MovieSlice:
    """One page; films not in `stored` are unsaved and hold what TMDb's list told."""

    movies: Sequence[Movie]
    count: int
    stored: frozenset[int]


def trending_movies(
    *, window: Window, page: int, page_size: int, now: datetime
) -> Answer[MovieSlice]:
    """Return TMDb's trending films; without TMDb the most popular ones we hold."""
    return or_local(
        lambda: listings.trending(
            window=window, page=page, page_size=page_size, now=now
        ),
        lambda: popular_movies(page=page, page_size=page_size, now=now),
        now=now,
    )


def popular_movies(*, page: int, page_size: int, now: datetime) -> MovieSlice:
    found = find_movies(MovieFilters(), page=page, page_size=page_size, now=now)
    movies = read_in_order(found.ids)
    return MovieSlice(movies, found.count, frozenset(movie.pk for movie in movies))


def search_tmdb(
    *, query: str, year: int | None, page: int, page_size: int, now: datetime
) -> Answer[MovieSlice]:
    """Search TMDb; raises what its client raises: our own search is another list."""
    found = listings.search(
        query=query, year=year, page=page, page_size=page_size, now=now
    )
    return with_stored(found, now=now)


@one_limit()
def related_movies(
    *,
    movie_id: int,
    page: int,
    page_size: int,
    now: datetime,
    local: Callable[[Movie], MovieSlice],
) -> Answer[MovieSlice]:
    """Return TMDb's recommendations for the film, or what `local` makes of it.

    Raises MovieNotFound.
    """
    movie = get_movie(movie_id=movie_id, now=now)
    if movie.removed_at is not None:
        return Answer(local(movie), Origin("local", None))
    return or_local(
        lambda: listings.related(
            movie_id=movie_id, page=page, page_size=page_size, now=now
        ),
        lambda: local(movie),
        now=now,
    )


def or_local(
    ask: Callable[[], Answer[Slice]],
    local: Callable[[], MovieSlice],
    *,
    now: datetime,
) -> Answer[MovieSlice]:
    """Answer from TMDb, else from what we hold.

    Raises what TMDb's client raises where we hold nothing: no empty list for an outage.
    """
    if not is_configured():
        return Answer(local(), Origin("local", None))
    try:
        found = ask()
    except NotFoundError:
        return Answer(local(), Origin("local", None))
    except (BadUpstreamError, UnavailableError):
        held = local()
        if not held.count:
            raise
        return Answer(held, Origin("local", None, degraded=True))
    return with_stored(found, now=now)


def with_stored(found: Answer[Slice], *, now: datetime) -> Answer[MovieSlice]:
    """Prefer the films we hold, which know more than TMDb's lists tell.

    One that TMDb took back since it told the list is left out.
    """
    told_at = found.origin.fetched_at or now
    held = Movie.objects.in_bulk([brief.tmdb_id for brief in found.value.films])
    ours = {id_: one for id_, one in held.items() if not is_expired(one, now=now)}
    taken_back = {id_: one.removed_at for id_, one in ours.items() if one.removed_at}
    gone = {id_ for id_, at in taken_back.items() if at > told_at}
    stored = {id_: one for id_, one in ours.items() if id_ not in taken_back}
    movies = [
        merge(stored.get(brief.tmdb_id), movie_from_brief(brief))
        for brief in found.value.films
        if brief.tmdb_id not in gone
    ]
    shown = MovieSlice(movies, found.value.count, frozenset(stored))
    return Answer(shown, found.origin)


def merge(stored: Movie | None, told: Movie) -> Movie:
    """Return the film we hold; one of the starter catalogue learns what TMDb told."""
    if stored is None or stored.fetched_at is not None:
        return stored or told
    told.runtime = stored.runtime
    return told
