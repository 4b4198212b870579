"""For looking only: nobody but its owner changes or removes a playlist."""

from django.contrib import admin

from nexus.administration import ReadOnly
from nexus.playlists.models import Playlist, PlaylistItem


class PlaylistItemInline(admin.TabularInline[PlaylistItem, Playlist]):
    model = PlaylistItem
    fields = ("position", "movie", "note", "added_at")
    readonly_fields = fields
    ordering = ["position"]
    can_delete = False
    max_num = 0


@admin.register(Playlist)
class PlaylistAdmin(ReadOnly, admin.ModelAdmin[Playlist]):
    list_display = ("name", "owner", "visibility", "is_hidden", "updated_at")
    list_filter = ("visibility", ("hidden_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username", "owner__email")
    search_help_text = "A playlist's name, its owner's name or address."
    inlines = [PlaylistItemInline]
    ordering = ["-updated_at", "-id"]
    show_full_result_count = False

    @admin.display(boolean=True, description="hidden")
    def is_hidden(self, playlist: Playlist) -> bool:
        return playlist.hidden_at is not None
