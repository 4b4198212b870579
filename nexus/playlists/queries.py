"""Reads of playlists."""

from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from nexus.accounts.models import User, present
from nexus.lib.errors import NotFoundError
from nexus.playlists.models import (
    HIDE_PLAYLIST,
    Playlist,
    PlaylistItem,
    PlaylistVisibility,
)


class PlaylistNotFound(NotFoundError):
    code = "playlist_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such playlist.")


def with_owner_and_count(playlists: QuerySet[Playlist]) -> QuerySet[Playlist]:
    # Counted for the rows of the page only; a join would count those of the whole list.
    items = PlaylistItem.objects.filter(playlist=OuterRef("pk")).values("playlist")
    counts = items.annotate(n=Count("*")).values("n")
    return playlists.select_related("owner").annotate(
        movie_count=Coalesce(Subquery(counts), 0)
    )


def listed_playlists(
    *, viewer: User | None, owner: str | None, visibility: str | None
) -> QuerySet[Playlist]:
    """Return what a list may show: one's own, or others' public playlists.

    Without `owner` a member lists their own playlists, and everybody's public ones only
    by asking for the public ones; anyone else lists the public ones.
    """
    public = present("owner__") & Q(
        visibility=PlaylistVisibility.PUBLIC, hidden_at=None
    )
    shown = Playlist.objects.filter(
        public if viewer is None else public | Q(owner=viewer)
    )
    if owner is not None:
        shown = shown.filter(owner__username__iexact=owner)
    elif viewer is not None and visibility != PlaylistVisibility.PUBLIC:
        shown = shown.filter(owner=viewer)
    if visibility is not None:
        shown = shown.filter(visibility=visibility)
    return with_owner_and_count(shown)


def get_visible_playlist(*, viewer: User | None, playlist_id: UUID) -> Playlist:
    """Return the playlist if it is the viewer's, unlisted or public.

    A hidden one is visible to its owner and to moderators only.
    """
    shared = ~Q(visibility=PlaylistVisibility.PRIVATE)
    visible = shared & Q(hidden_at=None) & present("owner__")
    if viewer is not None:
        visible |= Q(owner=viewer)
        if viewer.has_perm(HIDE_PLAYLIST):
            visible |= shared & Q(owner__closed_at=None)
    found = with_owner_and_count(
        Playlist.objects.filter(visible, pk=playlist_id)
    ).first()
    if found is None:
        raise PlaylistNotFound
    return found


def items_of(playlist: Playlist) -> QuerySet[PlaylistItem]:
    return playlist.items.select_related("movie").order_by("position")


def count_playlists(*, user: User) -> int:
    return Playlist.objects.filter(owner=user).count()
