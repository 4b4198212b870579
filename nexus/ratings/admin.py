"""For looking only: nobody writes, or removes, in a member's name."""

from django.contrib import admin

from nexus.administration import ReadOnly
from nexus.ratings.models import HiddenMovie, Rating, Viewing


@admin.register(Rating)
class RatingAdmin(ReadOnly, admin.ModelAdmin[Rating]):
    list_display = ("movie", "user", "stars", "has_review", "is_hidden", "updated_at")
    list_filter = ("half_stars", ("hidden_at", admin.EmptyFieldListFilter))
    list_select_related = ("movie", "user")
    search_fields = ("movie__title", "user__username", "user__email")
    search_help_text = "A film's title, a member's name or address."
    ordering = ["-updated_at", "-id"]
    show_full_result_count = False

    @admin.display(ordering="half_stars")
    def stars(self, rating: Rating) -> float:
        return rating.stars

    @admin.display(boolean=True, description="review")
    def has_review(self, rating: Rating) -> bool:
        return bool(rating.review)

    @admin.display(boolean=True, description="hidden")
    def is_hidden(self, rating: Rating) -> bool:
        return rating.hidden_at is not None


@admin.register(Viewing)
class ViewingAdmin(ReadOnly, admin.ModelAdmin[Viewing]):
    list_display = ("movie", "user", "watched_on", "created_at")
    list_select_related = ("movie", "user")
    search_fields = ("movie__title", "user__username", "user__email")
    ordering = ["-created_at", "-id"]
    show_full_result_count = False


@admin.register(HiddenMovie)
class HiddenMovieAdmin(ReadOnly, admin.ModelAdmin[HiddenMovie]):
    list_display = ("movie", "user", "created_at")
    list_select_related = ("movie", "user")
    search_fields = ("movie__title", "user__username", "user__email")
    ordering = ["-created_at", "-id"]
    show_full_result_count = False
