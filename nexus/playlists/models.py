"""A member's collections of films, in the member's order."""

import uuid
from typing import ClassVar, Final

from django.conf import settings
from django.db import models

from nexus.catalog.models import Movie

HIDE_PLAYLIST: Final = "playlists.hide_playlist"  # a permission, see accounts.roles


class PlaylistVisibility(models.TextChoices):
    PRIVATE = "private"
    UNLISTED = "unlisted"  # for whoever has the link
    PUBLIC = "public"


class Playlist(models.Model):
    # Random, so that the address of an unlisted playlist cannot be guessed.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="playlists"
    )
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, blank=True)
    visibility = models.CharField(
        max_length=10,
        choices=PlaylistVisibility.choices,
        default=PlaylistVisibility.PRIVATE,
    )
    version = models.PositiveIntegerField(default=1)  # grows with every change
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    hidden_at = models.DateTimeField(null=True, blank=True)  # by a moderator
    hidden_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions: ClassVar = [("hide_playlist", "Can hide others' playlists")]
        indexes: ClassVar = [
            models.Index(
                fields=["owner", "-updated_at", "-id"], name="playlist_of_owner"
            ),
            models.Index(
                fields=["visibility", "-updated_at", "-id"], name="playlist_visibility"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlaylistItem(models.Model):
    playlist = models.ForeignKey(
        Playlist, on_delete=models.CASCADE, related_name="items"
    )
    movie = models.ForeignKey(Movie, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["playlist", "movie"], name="playlist_movie_once"
            ),
            models.UniqueConstraint(
                fields=["playlist", "position"],
                name="playlist_position_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.movie_id} at {self.position}"
