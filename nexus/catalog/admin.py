"""For looking things up: films, genres and people are TMDb's, with their values."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nexus.administration import ReadOnly
from nexus.catalog.models import Credit, Genre, Movie, Person
from nexus.catalog.upkeep import queue_refreshes


class CreditInline(ReadOnly, admin.TabularInline[Credit, Movie]):
    model = Credit
    fields = ("kind", "position", "person", "character")
    ordering = ("-kind", "position", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credit]:
        return super().get_queryset(request).select_related("person")


@admin.register(Movie)
class MovieAdmin(ReadOnly, admin.ModelAdmin[Movie]):
    list_display = ("title", "year", "id", "vote_count", "fetched_at", "is_removed")
    list_filter = (
        ("removed_at", admin.EmptyFieldListFilter),
        ("purged_at", admin.EmptyFieldListFilter),
        ("fetched_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("title", "original_title", "=id", "=imdb_id")
    search_help_text = "A title, TMDb's id or IMDb's."
    ordering: ClassVar = ["sort_title", "id"]
    exclude = ("sort_title", "title_keys", "title_words", "keywords")
    inlines = (CreditInline,)
    show_full_result_count = False
    actions = ("refresh",)

    @admin.display(boolean=True, description="removed")
    def is_removed(self, movie: Movie) -> bool:
        return movie.removed_at is not None

    @admin.action(description="Refresh from TMDb", permissions=["view"])
    def refresh(self, request: HttpRequest, movies: QuerySet[Movie]) -> None:
        queue_refreshes(movies.values_list("id", flat=True))
        self.message_user(request, "The films will be refreshed in the background.")


@admin.register(Genre)
class GenreAdmin(ReadOnly, admin.ModelAdmin[Genre]):
    list_display = ("name", "id")
    search_fields = ("name", "=id")
    ordering: ClassVar = ["name", "id"]


@admin.register(Person)
class PersonAdmin(ReadOnly, admin.ModelAdmin[Person]):
    """Only who replaces a person known by name alone is ours to say."""

    list_display = ("name", "id", "replaced_by")
    list_select_related = ("replaced_by",)
    search_fields = ("name", "=id")
    search_help_text = "A name or TMDb's id."
    ordering: ClassVar = ["name", "id"]
    readonly_fields = ("id", "name", "profile_path")
    autocomplete_fields = ("replaced_by",)
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        is_provisional = isinstance(obj, Person) and obj.pk < 0
        return is_provisional and request.user.has_perm("catalog.change_person")
