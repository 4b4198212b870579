from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.api.fields import (
    Day,
    Flag,
    MovieId,
    ParamDecimal,
    ParamFlag,
    ParamNumber,
    Stars,
    Text,
)
from nexus.api.paging import CursorParams
from nexus.api.shapes.accounts import UserRef
from nexus.api.shapes.common import WrittenOut, cursor_page_of, page_of
from nexus.api.shapes.movies import MovieOutput
from nexus.ratings.models import HIDE_REVIEW, Rating

LONGEST_REVIEW = 10_000


class VerdictInput(serializers.Serializer[Any]):
    """A review left out stays as it was; null or "" removes it."""

    stars = Stars()
    review = Text(
        max_length=LONGEST_REVIEW, allow_blank=True, allow_null=True, required=False
    )
    contains_spoilers = Flag(required=False)


class RatingInput(VerdictInput):
    movie = MovieId()


class RatingOutput(WrittenOut):
    id = serializers.IntegerField()
    movie = MovieOutput()
    user = UserRef()
    stars = serializers.FloatField()
    review = serializers.SerializerMethodField()
    contains_spoilers = serializers.BooleanField()
    is_hidden = serializers.SerializerMethodField(
        help_text="A moderator took the review out of sight."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def written_out(self, rating: Rating) -> dict[str, Any]:
        return {
            "id": rating.pk,
            "movie": self.movies.to_representation(rating.movie),
            "user": {"username": rating.user.username},
            "stars": rating.stars,
            "review": self.get_review(rating),
            "contains_spoilers": rating.contains_spoilers,
            "is_hidden": self.get_is_hidden(rating),
            "created_at": rating.created_at,
            "updated_at": rating.updated_at,
        }

    @cached_property
    def movies(self) -> MovieOutput:
        return MovieOutput(context=self.context)

    def get_review(self, rating: Rating) -> str | None:
        viewer = self.context.get("viewer")
        is_shown = rating.hidden_at is None or (
            viewer is not None
            and (viewer.pk == rating.user_id or viewer.has_perm(HIDE_REVIEW))
        )
        return (rating.review or None) if is_shown else None

    def get_is_hidden(self, rating: Rating) -> bool:
        return rating.hidden_at is not None


class RatingListParams(CursorParams):
    movie = ParamNumber(required=False, min_value=1, max_value=2**31 - 1)
    min_stars = ParamDecimal(required=False, min_value=0.5, max_value=5)
    has_review = ParamFlag(required=False)


class ViewingInput(serializers.Serializer[Any]):
    movie = MovieId()
    watched_on = Day(required=False, allow_null=True, help_text="null: some time.")


class ViewingOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    movie = MovieOutput()
    watched_on = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()


class HiddenInput(serializers.Serializer[Any]):
    movie = MovieId()


class HiddenOutput(serializers.Serializer[Any]):
    movie = MovieOutput()
    created_at = serializers.DateTimeField()


class HistoryParams(CursorParams):
    movie = ParamNumber(required=False, min_value=1, max_value=2**31 - 1)


def distribution() -> serializers.DictField:
    return serializers.DictField(
        child=serializers.IntegerField(), help_text='"0.5" to "5.0": how many.'
    )


RatingPage = cursor_page_of(RatingOutput, "RatingPage")
ViewingPage = cursor_page_of(ViewingOutput, "ViewingPage")
HiddenPage = cursor_page_of(HiddenOutput, "HiddenPage")
PublicRatingPage = page_of(
    RatingOutput,
    "PublicRatingPage",
    average=serializers.FloatField(allow_null=True, help_text="Stars."),
    distribution=distribution(),
)


class GenreShareOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    minutes = serializers.IntegerField()
    average_rating = serializers.FloatField(allow_null=True)


class PersonShareOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    average_rating = serializers.FloatField(allow_null=True)


class YearCount(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    count = serializers.IntegerField()


class DecadeCount(serializers.Serializer[Any]):
    decade = serializers.IntegerField(help_text="Its first year.")
    count = serializers.IntegerField()


class StatisticsOutput(serializers.Serializer[Any]):
    """A rewatch counts its minutes again and its film once; years are release years."""

    movies_watched = serializers.IntegerField()
    watch_time_minutes = serializers.IntegerField()
    movies_without_runtime = serializers.IntegerField()
    ratings_count = serializers.IntegerField()
    average_rating = serializers.FloatField(source="ratings.average", allow_null=True)
    rating_distribution = serializers.DictField(
        source="ratings.distribution", child=serializers.IntegerField()
    )
    top_genres = GenreShareOutput(many=True)
    top_directors = PersonShareOutput(many=True)
    top_actors = PersonShareOutput(many=True)
    by_year = serializers.SerializerMethodField()
    by_decade = serializers.SerializerMethodField()
    reviews_count = serializers.IntegerField()
    playlists_count = serializers.SerializerMethodField()

    @extend_schema_field(YearCount(many=True))
    def get_by_year(self, statistics: Any) -> list[dict[str, Any]]:
        return [{"year": year, "count": n} for year, n in statistics.by_year.items()]

    @extend_schema_field(DecadeCount(many=True))
    def get_by_decade(self, statistics: Any) -> list[dict[str, Any]]:
        return [
            {"decade": first, "count": n} for first, n in statistics.by_decade.items()
        ]

    def get_playlists_count(self, statistics: Any) -> int:
        return int(self.context["playlists_count"])
