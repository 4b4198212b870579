"""What an owner does to a playlist. Every change locks the playlist's row first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Q

from nexus.accounts import audit
from nexus.accounts.models import User
from nexus.accounts.permissions import require_permission
from nexus.accounts.queries import lock_members
from nexus.catalog.models import Movie
from nexus.lib.errors import ConflictError, ForbiddenError, NotFoundError, StaleError
from nexus.playlists.models import (
    HIDE_PLAYLIST,
    Playlist,
    PlaylistItem,
    PlaylistVisibility,
)
from nexus.playlists.queries import PlaylistNotFound, get_visible_playlist

MAX_MOVIES = 1000


class NotYourPlaylist(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("Only its owner may change a playlist.")


class NotInPlaylist(NotFoundError):
    code = "movie_not_in_playlist"


class OrderMismatch(ConflictError):
    code = "order_mismatch"


class PlaylistFull(ConflictError):
    code = "playlist_full"


class PlaylistChanged(StaleError):
    def __init__(self) -> None:
        super().__init__("The playlist has changed since you read it: read it again.")


@transaction.atomic
def create_playlist(
    *, owner: User, values: dict[str, str], movies: Sequence[Movie], now: datetime
) -> Playlist:
    playlist = Playlist.objects.create(
        owner=owner, **values, created_at=now, updated_at=now
    )
    set_movies(playlist, movies, now=now)
    return get_visible_playlist(viewer=owner, playlist_id=playlist.pk)


@transaction.atomic
def update_playlist(
    *,
    user: User,
    playlist_id: UUID,
    changes: dict[str, str],
    movies: Sequence[Movie] | None,
    expected: frozenset[int] | None,
    now: datetime,
) -> Playlist:
    """Change some fields and, if given, the films.

    Raises PlaylistNotFound, NotYourPlaylist or PlaylistChanged.

    `expected` are the versions the caller may overwrite; None: any.
    """
    playlist = lock_own(user=user, playlist_id=playlist_id, expected=expected)
    for field, value in changes.items():
        setattr(playlist, field, value)
    if movies is not None:
        playlist.items.exclude(movie__in=movies).delete()
        set_movies(playlist, movies, now=now)
    touch(playlist, now=now)
    return get_visible_playlist(viewer=user, playlist_id=playlist_id)


@transaction.atomic
def delete_playlist(
    *, user: User, playlist_id: UUID, expected: frozenset[int] | None
) -> None:
    lock_own(user=user, playlist_id=playlist_id, expected=expected).delete()


@transaction.atomic
def add_item(
    *,
    user: User,
    playlist_id: UUID,
    movie: Movie,
    note: str | None,
    expected: frozenset[int] | None,
    now: datetime,
) -> tuple[PlaylistItem, bool]:
    """Append the film, or change the note of one that is in it; None leaves the note.

    Return the item and whether it is new. Raises PlaylistFull.
    """
    playlist = lock_own(user=user, playlist_id=playlist_id, expected=expected)
    item = playlist.items.filter(movie=movie).select_related("movie").first()
    if item is None:
        item = append(playlist, movie, note=note or "", now=now)
        touch(playlist, now=now)
        return item, True
    if note is not None and note != item.note:
        item.note = note
        item.save(update_fields=["note"])
        touch(playlist, now=now)
    return item, False


def append(
    playlist: Playlist, movie: Movie, *, note: str, now: datetime
) -> PlaylistItem:
    held = playlist.items.aggregate(count=Count("*"), last=Max("position"))
    if held["count"] >= MAX_MOVIES:
        raise PlaylistFull(f"A playlist holds at most {MAX_MOVIES} films.")
    position = (held["last"] or 0) + 1
    return playlist.items.create(
        movie=movie, position=position, note=note, added_at=now
    )


@transaction.atomic
def remove_item(
    *,
    user: User,
    playlist_id: UUID,
    movie_id: int,
    expected: frozenset[int] | None,
    now: datetime,
) -> None:
    """Take the film out and close the gap; raises NotInPlaylist."""
    playlist = lock_own(user=user, playlist_id=playlist_id, expected=expected)
    item = playlist.items.filter(movie=movie_id).first()
    if item is None:
        raise NotInPlaylist("This film is not in the playlist.")
    item.delete()
    after = playlist.items.filter(position__gt=item.position)
    after.update(position=F("position") - 1)
    touch(playlist, now=now)


@transaction.atomic
def reorder(
    *,
    user: User,
    playlist_id: UUID,
    movie_ids: Sequence[int],
    expected: frozenset[int] | None,
    now: datetime,
) -> Playlist:
    """Put the films into this order; raises OrderMismatch if it names others."""
    playlist = lock_own(user=user, playlist_id=playlist_id, expected=expected)
    items = {item.movie_id: item for item in playlist.items.all()}
    if len(movie_ids) != len(items) or set(movie_ids) != items.keys():
        raise OrderMismatch(
            "The order must name every film of the playlist exactly once."
        )
    number([items[movie_id] for movie_id in movie_ids])
    touch(playlist, now=now)
    return get_visible_playlist(viewer=user, playlist_id=playlist_id)


@transaction.atomic
def hide_playlist(
    *, moderator: User, playlist: Playlist, reason: str, now: datetime
) -> None:
    """Take a playlist that others can read out of sight.

    Raises NotAllowed, and PlaylistNotFound if it is private by now.
    """
    require_permission(moderator, HIDE_PLAYLIST)
    lock_members([playlist.owner_id])
    shared = Playlist.objects.exclude(visibility=PlaylistVisibility.PRIVATE)
    found = shared.filter(pk=playlist.pk)
    if not found.exists():
        raise PlaylistNotFound
    as_it_is = Q(hidden_at__isnull=False, hidden_reason=reason)
    if not found.exclude(as_it_is).update(hidden_at=now, hidden_reason=reason):
        return
    audit.record(
        "playlist_hidden",
        actor=moderator,
        member=playlist.owner,
        subject=f"playlist {playlist.pk}",
        reason=reason,
        now=now,
    )


@transaction.atomic
def show_playlist(*, moderator: User, playlist: Playlist, now: datetime) -> None:
    require_permission(moderator, HIDE_PLAYLIST)
    lock_members([playlist.owner_id])
    hidden = Playlist.objects.filter(pk=playlist.pk, hidden_at__isnull=False)
    if hidden.update(hidden_at=None, hidden_reason=""):
        audit.record(
            "playlist_shown",
            actor=moderator,
            member=playlist.owner,
            subject=f"playlist {playlist.pk}",
            now=now,
        )


def lock_own(
    *, user: User, playlist_id: UUID, expected: frozenset[int] | None
) -> Playlist:
    """Return the owner's playlist, locked; a stranger's private one is not found."""
    visible = get_visible_playlist(viewer=user, playlist_id=playlist_id)
    if visible.owner_id != user.pk:
        raise NotYourPlaylist
    playlist = Playlist.objects.select_for_update().filter(pk=playlist_id).first()
    if playlist is None:
        raise PlaylistNotFound
    if expected is not None and playlist.version not in expected:
        raise PlaylistChanged
    return playlist


def set_movies(playlist: Playlist, movies: Sequence[Movie], *, now: datetime) -> None:
    """Make these the playlist's films; those it has keep their note and day."""
    if len(movies) > MAX_MOVIES:
        raise PlaylistFull(f"A playlist holds at most {MAX_MOVIES} films.")
    kept = {item.movie_id: item for item in playlist.items.all()}
    places = {movie.pk: place for place, movie in enumerate(movies, start=1)}
    for movie_id, item in kept.items():
        item.position = places[movie_id]
    PlaylistItem.objects.bulk_update(kept.values(), ["position"])
    PlaylistItem.objects.bulk_create(
        [
            PlaylistItem(
                playlist=playlist, movie=movie, position=places[movie.pk], added_at=now
            )
            for movie in movies
            if movie.pk not in kept
        ]
    )


def number(items: Sequence[PlaylistItem]) -> None:
    """Give the items the positions 1, 2, ...; the commit checks the constraint."""
    for position, item in enumerate(items, start=1):
        item.position = position
    PlaylistItem.objects.bulk_update(items, ["position"])


def touch(playlist: Playlist, *, now: datetime) -> None:
    playlist.version += 1
    playlist.updated_at = now
    playlist.save()
