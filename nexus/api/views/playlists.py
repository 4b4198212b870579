"""Playlists: one's own, and those that others show."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.http import parse_etags
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request

from nexus.api.endpoint import Endpoint, operation
from nexus.api.paging import Keyset, cursor_body
from nexus.api.reply import Reply
from nexus.api.shapes import playlists as shapes
from nexus.api.shapes.common import Reason
from nexus.catalog.models import Movie
from nexus.catalog.operations import get_movie, get_movies
from nexus.playlists import operations, queries
from nexus.playlists.models import Playlist, PlaylistVisibility

PLAYLISTS = Keyset("playlists", "updated_at", read_key=UUID)
DEFAULTS = {"description": "", "visibility": PlaylistVisibility.PRIVATE}


class PlaylistEndpoint(Endpoint):
    permission_classes = [IsAuthenticatedOrReadOnly]

    def answer(self, playlist: Playlist, *, status: int = 200) -> Reply:
        context = {"items": queries.items_of(playlist)}
        body = shapes.PlaylistDetailOutput(playlist, context=context).data
        return Reply(body, status=status, headers={"ETag": f'"{playlist.version}"'})

    @property
    def expected(self) -> frozenset[int] | None:
        """The versions that `If-Match` allows to be overwritten; None: any."""
        header = self.request.headers.get("If-Match")
        if header is None or header.strip() == "*":
            return None
        tags = (tag.strip('"') for tag in parse_etags(header))
        return frozenset(int(tag) for tag in tags if tag.isdecimal() and len(tag) < 10)

    def movies(self) -> list[Movie] | None:
        if "movies" not in self.body:
            return None
        ids = self.body["movies"]
        return get_movies(movie_ids=ids, field="movies", now=timezone.now())


class PlaylistList(PlaylistEndpoint):
    @operation(
        "List my playlists; with `owner` or `visibility=public`, others' public ones",
        params=shapes.PlaylistListParams,
        answers={200: shapes.PlaylistPage},
    )
    def get(self, request: Request) -> Reply:
        rows = queries.listed_playlists(
            viewer=self.viewer,
            owner=self.params.get("owner"),
            visibility=self.params.get("visibility"),
        )
        return Reply(
            cursor_body(request, self.params, rows, PLAYLISTS, render=self.shapes_of)
        )

    def shapes_of(self, playlists: list[Playlist]) -> Any:
        return shapes.PlaylistOutput(playlists, many=True).data

    @operation(
        "Make a playlist",
        body=shapes.PlaylistInput,
        answers={201: shapes.PlaylistDetailOutput},
        failures=[502, 503],
    )
    def post(self, request: Request) -> Reply:
        playlist = operations.create_playlist(
            owner=self.user,
            movies=self.movies() or [],
            values=DEFAULTS | fields_of(self.body),
            now=timezone.now(),
        )
        return self.answer(playlist, status=201)


def fields_of(body: dict[str, Any]) -> dict[str, str]:
    """Return the playlist's own fields; an unknown description is stored as ""."""
    return {name: value or "" for name, value in body.items() if name != "movies"}


class OnePlaylist(PlaylistEndpoint):
    @operation("Read a playlist", answers={200: shapes.PlaylistDetailOutput})
    def get(self, request: Request, playlist_id: UUID) -> Reply:
        found = queries.get_visible_playlist(
            viewer=self.viewer, playlist_id=playlist_id
        )
        return self.answer(found)

    def change(self, playlist_id: UUID, changes: dict[str, str]) -> Reply:
        playlist = operations.update_playlist(
            user=self.user,
            playlist_id=playlist_id,
            changes=changes,
            movies=self.movies(),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.answer(playlist)

    @operation(
        "Replace my playlist; its films only if `movies` is given",
        body=shapes.PlaylistInput,
        answers={200: shapes.PlaylistDetailOutput},
        failures=[403, 409, 412, 502, 503],
    )
    def put(self, request: Request, playlist_id: UUID) -> Reply:
        return self.change(playlist_id, DEFAULTS | fields_of(self.body))

    @operation(
        "Change parts of my playlist",
        body=shapes.PlaylistInput,
        partial=True,
        answers={200: shapes.PlaylistDetailOutput},
        failures=[403, 409, 412, 502, 503],
    )
    def patch(self, request: Request, playlist_id: UUID) -> Reply:
        return self.change(playlist_id, fields_of(self.body))

    @operation("Delete my playlist", answers={204: None}, failures=[403, 412])
    def delete(self, request: Request, playlist_id: UUID) -> Reply:
        operations.delete_playlist(
            user=self.user, playlist_id=playlist_id, expected=self.expected
        )
        return Reply(status=204)


class PlaylistItems(PlaylistEndpoint):
    @operation(
        "Add a film to my playlist; one that is in it keeps its place",
        body=shapes.ItemInput,
        answers={200: shapes.ItemOutput, 201: shapes.ItemOutput},
        failures=[403, 409, 412, 502, 503],
    )
    def post(self, request: Request, playlist_id: UUID) -> Reply:
        now = timezone.now()
        item, is_new = operations.add_item(
            user=self.user,
            playlist_id=playlist_id,
            movie=get_movie(movie_id=self.body["movie"], now=now),
            note=self.body["note"] or "" if "note" in self.body else None,
            expected=self.expected,
            now=now,
        )
        body = shapes.ItemOutput(item, context={}).data
        return Reply(body, status=201 if is_new else 200)


class OneItem(PlaylistEndpoint):
    @operation(
        "Take a film out of my playlist", answers={204: None}, failures=[403, 412]
    )
    def delete(self, request: Request, playlist_id: UUID, movie_id: int) -> Reply:
        operations.remove_item(
            user=self.user,
            playlist_id=playlist_id,
            movie_id=movie_id,
            expected=self.expected,
            now=timezone.now(),
        )
        return Reply(status=204)


class ItemOrder(PlaylistEndpoint):
    @operation(
        "Put the films of my playlist into another order",
        body=shapes.OrderInput,
        answers={200: shapes.PlaylistDetailOutput},
        failures=[403, 409, 412],
    )
    def put(self, request: Request, playlist_id: UUID) -> Reply:
        playlist = operations.reorder(
            user=self.user,
            playlist_id=playlist_id,
            movie_ids=self.body["movies"],
            expected=self.expected,
            now=timezone.now(),
        )
        return self.answer(playlist)


class HiddenPlaylist(Endpoint):
    """For moderators."""

    @operation(
        "Hide a public or unlisted playlist",
        body=Reason,
        answers={204: None},
        failures=[403],
    )
    def put(self, request: Request, playlist_id: UUID) -> Reply:
        operations.hide_playlist(
            moderator=self.user,
            playlist=queries.get_visible_playlist(
                viewer=self.user, playlist_id=playlist_id
            ),
            reason=self.body["reason"],
            now=timezone.now(),
        )
        return Reply(status=204)

    @operation("Show a hidden playlist again", answers={204: None}, failures=[403])
    def delete(self, request: Request, playlist_id: UUID) -> Reply:
        playlist = queries.get_visible_playlist(
            viewer=self.user, playlist_id=playlist_id
        )
        operations.show_playlist(
            moderator=self.user, playlist=playlist, now=timezone.now()
        )
        return Reply(status=204)
