"""What an owner does to a playlist. Every change locks the playlist's row first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from nexus.accounts.models import User
from nexus.accounts.operations import record_moderation
from nexus.catalog.models import Movie
from nexus.lib.errors import ConflictError, ForbiddenError, NotFoundError, StaleError
from nexus.playlists.models import Playlist, PlaylistItem
from nexus.playlists.queries import get_visible_playlist

MAX_MOVIES = 1000


class NotYourPlaylist(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("Only its owner may change a playlist.")


class OnlyModerators(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("Only moderators may hide what others published.")


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
    """Change some fields and, if given, the films; raises NotYourPlaylist, PlaylistChanged.

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
    note: str,
    expected: frozenset[int] | None,
    now: datetime,
) -> tuple[PlaylistItem, bool]:
    """Append the film; return its item and whether it is new. Raises PlaylistFull."""
    playlist = lock_own(user=user, playlist_id=playlist_id, expected=expected)
    found = playlist.items.filter(movie=movie).select_related("movie").first()
    if found is not None:
        return found, False
    last = playlist.items.aggregate(last=Max("position"))["last"]
    if playlist.items.count() >= MAX_MOVIES:
        raise PlaylistFull(f"A playlist holds at most {MAX_MOVIES} films.")
    position = 1 if last is None else last + 1
    item = playlist.items.create(
        movie=movie, position=position, note=note, added_at=now
    )
    touch(playlist, now=now)
    return item, True


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
    deleted, _ = playlist.items.filter(movie=movie_id).delete()
    if not deleted:
        raise NotInPlaylist("This film is not in the playlist.")
    number(list(playlist.items.order_by("position")))
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
    """Put the films into this order; raises OrderMismatch unless it names exactly them."""
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
    """Take a public playlist out of sight; raises OnlyModerators."""
    set_hidden(moderator, playlist, hidden_at=now, reason=reason)
    subject = f"playlist {playlist.pk}"
    record_moderation(
        actor=moderator, action="hide", subject=subject, reason=reason, now=now
    )


@transaction.atomic
def show_playlist(*, moderator: User, playlist: Playlist, now: datetime) -> None:
    set_hidden(moderator, playlist, hidden_at=None, reason="")
    subject = f"playlist {playlist.pk}"
    record_moderation(
        actor=moderator, action="show", subject=subject, reason="", now=now
    )


def set_hidden(
    moderator: User, playlist: Playlist, *, hidden_at: datetime | None, reason: str
) -> None:
    if not moderator.is_moderator:
        raise OnlyModerators
    Playlist.objects.filter(pk=playlist.pk).update(
        hidden_at=hidden_at, hidden_reason=reason
    )


def lock_own(
    *, user: User, playlist_id: UUID, expected: frozenset[int] | None
) -> Playlist:
    """Return the owner's playlist, locked; a stranger's private one is not found."""
    visible = get_visible_playlist(viewer=user, playlist_id=playlist_id)
    if visible.owner_id != user.pk:
        raise NotYourPlaylist
    playlist = Playlist.objects.select_for_update().get(pk=playlist_id)
    if expected is not None and playlist.version not in expected:
        raise PlaylistChanged
    return playlist


def set_movies(playlist: Playlist, movies: Sequence[Movie], *, now: datetime) -> None:
    """Make the films the playlist's, in this order; kept ones keep their note and day."""
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
    """Give the items the positions 1, 2, ...; the constraint is checked at the commit."""
    for position, item in enumerate(items, start=1):
        item.position = position
    PlaylistItem.objects.bulk_update(items, ["position"])


def touch(playlist: Playlist, *, now: datetime) -> None:
    playlist.version += 1
    playlist.updated_at = now
    playlist.save()
