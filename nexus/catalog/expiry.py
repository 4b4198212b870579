"""Films that may be shown no longer: copies too old, and films that TMDb took back.

TMDb's terms allow no copy older than six months. Nothing shows an older one, even where
no job was there to purge it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import ForeignObjectRel, Manager, Model, Q
from django.db.models.functions import Now

from nexus.catalog.conditions import Sql
from nexus.catalog.load_starter import starter_movie, store_starter_credits
from nexus.catalog.models import Movie
from nexus.catalog.starter import find_film
from nexus.catalog.store import OWNED_BY_TMDB, lock_film
from nexus.catalog.title_index import derive_titles, store_words

EXPIRED: Final = timedelta(days=180)
# The version before, which runs during an upgrade, refreshes films and does not know of
# `purged_at`: it counts only as long as there is no copy.
IS_PURGED: Final = Q(purged_at__isnull=False, fetched_at=None)
SHOWN: Final = (
    "removed_at IS NULL"
    " AND (fetched_at >= %s OR (fetched_at IS NULL AND purged_at IS NULL))"
)


def is_expired(movie: Movie, *, now: datetime) -> bool:
    """Say whether our copy may not be shown, or is none any more."""
    if movie.fetched_at is None:
        return movie.purged_at is not None
    return now - movie.fetched_at > EXPIRED


def unexpired(now: datetime | Now, film: str = "") -> Q:
    """Match the films that are not `is_expired`; `film` is the path to them."""
    young = Q((f"{film}fetched_at__gte", now - EXPIRED))
    return young | Q((f"{film}fetched_at", None), (f"{film}purged_at", None))


def shown(now: datetime) -> Q:
    """Match the films that lists may show."""
    return Q(removed_at=None) & unexpired(now)


def is_listed(now: datetime) -> Sql:
    """Say what `shown` does, in SQL."""
    return Sql(SHOWN, (now - EXPIRED,))


def is_shown(movie: Movie, *, now: datetime) -> bool:
    """Say what `shown` does."""
    return movie.removed_at is None and not is_expired(movie, now=now)


def showable(movie: Movie, *, now: datetime) -> Movie:
    """Return the film, or one of the same id that tells nothing, if it is expired."""
    return blank_movie(movie.pk) if is_expired(movie, now=now) else movie


@transaction.atomic
def mark_removed(movie_id: int, *, now: datetime) -> Movie | None:
    """Make the film a tombstone, as TMDb no longer knows it; None: we hold none.

    What we hold of it stays until it is too old. Whoever asked TMDb earlier changes
    nothing of what a later one stored.
    """
    lock_film(movie_id)
    movie = Movie.objects.filter(id=movie_id).first()
    if movie is None or (movie.fetched_at and movie.fetched_at > now):
        return movie
    if is_expired(movie, now=now):
        if is_unused(movie_id):
            movie.delete()
            return None
        rewrite(movie, removed_at=now, purged_at=None, now=now)
    elif movie.removed_at is None:
        Movie.objects.filter(id=movie_id).update(removed_at=now, updated_at=now)
    return Movie.objects.get(id=movie_id)


@transaction.atomic
def purge(movie_id: int, *, older_than: datetime, now: datetime) -> None:
    """Give up our copy of the film, unless it was refreshed meanwhile.

    Members keep what they said of it. A film of the starter catalogue returns to our
    own facts; any other is hidden until TMDb answers. A tombstone remains one as long
    as a member refers to it: there is nothing to come back.
    """
    lock_film(movie_id)
    movie = Movie.objects.filter(id=movie_id, fetched_at__lt=older_than).first()
    if movie is None:
        return
    is_lasting = movie.removed_at is not None and is_referred_to(movie_id)
    if find_film(movie_id) or is_lasting:
        rewrite(movie, removed_at=movie.removed_at, purged_at=None, now=now)
    else:
        hidden_since = movie.removed_at or now
        rewrite(movie, removed_at=hidden_since, purged_at=now, now=now)


def rewrite(
    movie: Movie,
    *,
    removed_at: datetime | None,
    purged_at: datetime | None,
    now: datetime,
) -> None:
    """Put our own facts, or a neutral title and nothing else, in place of TMDb's."""
    film = find_film(movie.pk)
    blank = blank_movie(movie.pk) if film is None else starter_movie(film)
    values: dict[str, Any] = {name: getattr(blank, name) for name in OWNED_BY_TMDB}
    values |= {"removed_at": removed_at, "purged_at": purged_at, "updated_at": now}
    Movie.objects.filter(id=movie.pk).update(**values)
    store_words([blank])
    movie.credits.all().delete()
    movie.texts.all().delete()
    movie.keywords.clear()
    if film is not None:
        store_starter_credits([film])


def blank_movie(movie_id: int) -> Movie:
    title = f"Film {movie_id}"
    movie = Movie(id=movie_id, title=title, original_title=title)
    derive_titles(movie)
    return movie


@transaction.atomic
def delete_unused(movie_id: int, *, purged_before: datetime) -> None:
    """Delete a film that was purged, if no member refers to it.

    Nobody can refer to it in this moment: for that, TMDb is asked for the film first.
    """
    lock_film(movie_id)
    purged = Movie.objects.filter(IS_PURGED, purged_at__lt=purged_before)
    movie = purged.filter(id=movie_id).first()
    if movie is not None and is_unused(movie_id):
        movie.delete()


def is_unused(movie_id: int) -> bool:
    """Say whether neither a member nor the starter catalogue has the film."""
    return find_film(movie_id) is None and not is_referred_to(movie_id)


def is_referred_to(movie_id: int) -> bool:
    """Say whether rows of upper apps, which need not be known here, refer to it."""
    return any(
        rows.filter(**{column: movie_id}).exists()
        for rows, column in references_to_movies()
    )


def references_to_movies() -> list[tuple[Manager[Model], str]]:
    """Return the tables of upper apps that lead to films, each with its column."""
    keys = [
        relation.field
        for relation in Movie._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel)
        and (relation.one_to_many or relation.one_to_one)
    ]
    return [
        (key.model._default_manager, key.name)
        for key in keys
        if key.model._meta.app_label != Movie._meta.app_label
    ]
