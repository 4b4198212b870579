from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.accounts.models import USERNAME
from nexus.api.fields import Many, MovieId, Text
from nexus.api.paging import CursorParams
from nexus.api.shapes.accounts import USERNAME_IN_WORDS, UserRef
from nexus.api.shapes.common import cursor_page_of
from nexus.api.shapes.movies import MovieOutput
from nexus.playlists.models import PlaylistVisibility
from nexus.playlists.operations import MAX_MOVIES


def movie_ids(**options: Any) -> Many:
    return Many(child=MovieId(), max_length=MAX_MOVIES, **options)


class PlaylistInput(serializers.Serializer[Any]):
    """`movies` are the films in their order; left out, they stay as they are."""

    name = Text(max_length=200)
    description = Text(
        max_length=2000, allow_blank=True, allow_null=True, required=False
    )
    visibility = serializers.ChoiceField(
        choices=PlaylistVisibility.choices,
        required=False,
        help_text="private by default.",
    )
    movies = movie_ids(required=False)


class ItemInput(serializers.Serializer[Any]):
    movie = MovieId()
    note = Text(
        max_length=500,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text='Left out, it stays as it was; null or "" removes it.',
    )


class OrderInput(serializers.Serializer[Any]):
    movies = movie_ids(help_text="Every film of the playlist, in the new order.")


class ItemOutput(serializers.Serializer[Any]):
    movie = MovieOutput()
    position = serializers.IntegerField(min_value=1)
    note = serializers.SerializerMethodField()
    added_at = serializers.DateTimeField()

    def get_note(self, item: Any) -> str | None:
        return item.note or None


class PlaylistOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.SerializerMethodField()
    visibility = serializers.ChoiceField(choices=PlaylistVisibility.choices)
    owner = UserRef()
    movie_count = serializers.IntegerField()
    is_hidden = serializers.SerializerMethodField(
        help_text="A moderator took it out of sight."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_description(self, playlist: Any) -> str | None:
        return playlist.description or None

    def get_is_hidden(self, playlist: Any) -> bool:
        return playlist.hidden_at is not None


class PlaylistDetailOutput(PlaylistOutput):
    items = serializers.SerializerMethodField()

    @extend_schema_field(ItemOutput(many=True))
    def get_items(self, playlist: Any) -> list[dict[str, Any]]:
        return list(
            ItemOutput(self.context["items"], many=True, context=self.context).data
        )


class PlaylistListParams(CursorParams):
    owner = serializers.RegexField(
        USERNAME,
        required=False,
        error_messages={"invalid": USERNAME_IN_WORDS},
        help_text="A username.",
    )
    visibility = serializers.ChoiceField(
        choices=PlaylistVisibility.choices, required=False
    )


PlaylistPage = cursor_page_of(PlaylistOutput, "PlaylistPage")
