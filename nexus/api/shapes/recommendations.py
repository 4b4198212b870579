from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.api.endpoint import Params
from nexus.api.fields import MAX_ID, ParamDecimal, ParamFlag, ParamNumber
from nexus.api.paging import PageParams
from nexus.api.reply import render
from nexus.api.shapes.common import WrittenOut, page_of
from nexus.api.shapes.movies import FilterParams, MovieOutput
from nexus.api.shapes.preferences import GenreOutput, PersonOutput
from nexus.recommendations.queries import Feed
from nexus.recommendations.words import REASON_TYPES, Reason

# What Python keeps around the bytes of a page, about.
OVERHEAD_BYTES: Final = 2_000


class TitledMovie(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()


def interval_field() -> serializers.ListField:
    return serializers.ListField(
        source="explanation.interval",
        child=serializers.IntegerField(min_value=0, max_value=100),
        min_length=2,
        max_length=2,
        help_text="Where the score would be, four times of five, if all were known.",
    )


class ReasonOutput(serializers.Serializer[Any]):
    """`movie`, `genre` or `person` names what the reason is about, if anything.

    A rated film may come with a `person` who directed it, or plays in it, and in the
    film explained.
    """

    type = serializers.ChoiceField(choices=REASON_TYPES)
    text = serializers.CharField(help_text="A sentence for the member.")
    movie = TitledMovie(required=False)
    genre = GenreOutput(required=False)
    person = PersonOutput(required=False)
    points = serializers.FloatField(
        required=False, help_text="Its share of the match score."
    )

    def to_representation(self, instance: Reason) -> dict[str, Any]:
        return reason_body(instance)


def reason_body(reason: Reason) -> dict[str, Any]:
    body: dict[str, Any] = {"type": reason.type, "text": reason.text}
    if thing := reason.thing:
        name = "title" if thing.kind == "movie" else "name"
        body[thing.kind] = {"id": thing.id, name: thing.name}
    if reason.person:
        body["person"] = {"id": reason.person.id, "name": reason.person.name}
    if reason.points is not None:
        body["points"] = reason.points
    return body


class ComponentOutput(serializers.Serializer[Any]):
    name = serializers.ChoiceField(
        choices=["genre_affinity", "rating_history", "popularity"]
    )
    points = serializers.IntegerField()


class MatchScoreParams(Params):
    without = ParamNumber(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text="A film you rated: the answer says how it would be without.",
    )


class WithoutOutput(serializers.Serializer[Any]):
    """The match score had the member not rated the film named, exactly."""

    movie = serializers.SerializerMethodField()
    match_score = serializers.IntegerField(
        source="explanation.match_score", min_value=0, max_value=100
    )
    expected_stars = serializers.SerializerMethodField()
    interval = interval_field()
    difference = serializers.IntegerField(
        min_value=-100,
        max_value=100,
        help_text="What the rating adds: the real match score less this one.",
    )

    @extend_schema_field(TitledMovie)
    def get_movie(self, found: Any) -> dict[str, Any]:
        return {"id": found.movie.id, "title": found.movie.name}

    def get_expected_stars(self, found: Any) -> float:
        return round(float(found.explanation.expected_stars), 2)


class MatchScoreOutput(WrittenOut):
    """The probability, in percent, that this member would give 4 stars or more.

    `base_points` plus the components' points is exactly `match_score`.
    """

    movie_id = serializers.IntegerField(source="explanation.film_id")
    match_score = serializers.IntegerField(
        source="explanation.match_score", min_value=0, max_value=100
    )
    expected_stars = serializers.SerializerMethodField()
    interval = interval_field()
    confidence = serializers.ChoiceField(
        source="explanation.confidence", choices=["low", "medium", "high"]
    )
    evidence_count = serializers.IntegerField(source="explanation.evidence_count")
    components = ComponentOutput(source="explanation.components", many=True)
    base_points = serializers.IntegerField(source="explanation.base_points")
    reasons = ReasonOutput(many=True)
    cold_start = serializers.BooleanField(source="explanation.cold_start")
    model_version = serializers.CharField(
        source="explanation.model_version",
        help_text="What answered: a trained model, or the fixed rules of rules-1.",
    )
    without = WithoutOutput(required=False, help_text="Only if it was asked for.")

    def get_expected_stars(self, found: Any) -> float:
        return round(float(found.explanation.expected_stars), 2)

    def written_out(self, found: Any) -> dict[str, Any]:
        told = found.explanation
        components = [
            {"name": one.name, "points": int(one.points)} for one in told.components
        ]
        body = {
            "movie_id": int(told.film_id),
            "match_score": int(told.match_score),
            "expected_stars": self.get_expected_stars(found),
            "interval": [int(end) for end in told.interval],
            "confidence": told.confidence,
            "evidence_count": int(told.evidence_count),
            "components": components,
            "base_points": int(told.base_points),
            "reasons": [reason_body(one) for one in found.reasons],
            "cold_start": bool(told.cold_start),
            "model_version": told.model_version,
        }
        if found.without is not None:
            body["without"] = WithoutOutput(found.without).data
        return body


class SimilarOutput(serializers.Serializer[Any]):
    movie = MovieOutput()
    similarity = serializers.FloatField(min_value=0, max_value=1)
    reasons = ReasonOutput(many=True)


class PickOutput(WrittenOut):
    movie = MovieOutput()
    match_score = serializers.IntegerField(min_value=0, max_value=100)
    reasons = ReasonOutput(many=True)
    rank = serializers.IntegerField(min_value=1)

    def written_out(self, pick: Any) -> dict[str, Any]:
        return {
            "movie": self.movies.to_representation(pick.movie),
            "match_score": int(pick.match_score),
            "reasons": [reason_body(one) for one in pick.reasons],
            "rank": pick.rank,
        }

    @cached_property
    def movies(self) -> MovieOutput:
        return MovieOutput(context=self.context)


class FeedMeta(serializers.Serializer[Any]):
    recommender = serializers.ChoiceField(
        choices=["personal", "preferences", "trending"]
    )
    model_version = serializers.CharField(
        help_text="The trained model's, or rules-1 without one."
    )
    degraded = serializers.BooleanField(
        help_text="TMDb, or the trained model, should have given a better answer."
    )
    intra_list_distance = serializers.SerializerMethodField(
        help_text="How unlike the films of this page are, 0 to 1."
    )
    popularity = serializers.SerializerMethodField(
        help_text="Mean popularity percentile of this page, 0 to 1."
    )

    def get_intra_list_distance(self, feed: Any) -> float | None:
        return rounded(feed.achieved.intra_list_distance)

    def get_popularity(self, feed: Any) -> float | None:
        return rounded(feed.achieved.popularity)


@dataclass(frozen=True, slots=True)
class ShownFeed:
    """A page of a feed without the addresses around it.

    results: written out; size: bytes that it takes, about
    """

    count: int
    results: orjson.Fragment
    meta: dict[str, Any]
    size: int


def show_feed(feed: Feed) -> ShownFeed:
    results = render(PickOutput(feed.picks, many=True, context={}).data)
    meta = dict(FeedMeta(feed).data)
    size = len(results) + OVERHEAD_BYTES
    return ShownFeed(feed.count, orjson.Fragment(results), meta, size)


def rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


class FeedParams(FilterParams, PageParams):
    diversity = ParamDecimal(min_value=0, max_value=1, default=0)
    novelty = ParamDecimal(min_value=0, max_value=1, default=0)
    include_watched = ParamFlag(default=False, help_text="Rated films too.")


FeedPage = page_of(PickOutput, "FeedPage", meta=FeedMeta())
