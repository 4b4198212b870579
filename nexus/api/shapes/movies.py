import re
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.api.endpoint import Params
from nexus.api.fields import (
    IdList,
    MovieId,
    ParamDecimal,
    ParamNumber,
    Text,
)
from nexus.api.paging import PageParams
from nexus.api.shapes.common import MetaBody, WrittenOut, page_of
from nexus.api.shapes.preferences import GenreOutput, PersonOutput
from nexus.catalog.aside import Origin
from nexus.catalog.expiry import showable
from nexus.catalog.images import Images, images
from nexus.catalog.models import Movie
from nexus.catalog.queries import ORDERINGS, MovieFilters, genre_names, resolve_genres
from nexus.catalog.texts import Texts
from nexus.lib.notices import TMDB_NOTICE

FIRST_YEAR, LAST_YEAR = 1870, 2200


class MovieOutput(WrittenOut):
    """A film in brief, in English. Unknown is null.

    Where our copy is older than TMDb's terms allow, members' lists tell `Film 603`, and
    no more of it.
    """

    id = serializers.IntegerField(help_text="TMDb's.")
    title = serializers.CharField()
    original_title = serializers.CharField(allow_null=True)
    year = serializers.IntegerField(allow_null=True)
    release_date = serializers.DateField(allow_null=True)
    genres = serializers.SerializerMethodField()
    runtime = serializers.IntegerField(allow_null=True, help_text="Minutes.")
    vote_average = serializers.FloatField(allow_null=True)
    vote_count = serializers.IntegerField(allow_null=True)
    popularity = serializers.FloatField(allow_null=True)
    original_language = serializers.CharField(allow_null=True)
    poster_url = serializers.SerializerMethodField()

    def to_representation(self, instance: Movie) -> Any:
        return super().to_representation(showable(instance, now=self.now))

    def written_out(self, movie: Movie) -> dict[str, Any]:
        released = movie.release_date
        return {
            "id": movie.pk,
            "title": movie.title,
            "original_title": movie.original_title,
            "year": movie.year,
            "release_date": released and released.isoformat(),
            "genres": self.get_genres(movie),
            "runtime": movie.runtime,
            "vote_average": movie.vote_average,
            "vote_count": movie.vote_count,
            "popularity": movie.popularity,
            "original_language": movie.original_language,
            "poster_url": self.get_poster_url(movie),
        }

    @extend_schema_field(GenreOutput(many=True))
    def get_genres(self, movie: Movie) -> list[dict[str, Any]]:
        names = self.genre_names
        return [{"id": id_, "name": names[id_]} for id_ in movie.genres if id_ in names]

    def get_poster_url(self, movie: Movie) -> str | None:
        return self.images.poster(movie.poster_path)

    # The same for all films of an answer, found for the first.

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def images(self) -> Images:
        return images(now=self.now)

    @cached_property
    def genre_names(self) -> dict[int, str]:
        return genre_names()


class CastOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    character = serializers.CharField(allow_null=True)
    order = serializers.IntegerField()


class TextsOutput(serializers.Serializer[Any]):
    """The language that each text is in, such as `pt-BR`; null where there is none."""

    title = serializers.CharField()
    overview = serializers.CharField(allow_null=True)
    tagline = serializers.CharField(allow_null=True)


class MovieDetailOutput(MovieOutput):
    """`context` holds `texts`, `credits`, `keywords` and `origin`."""

    title = serializers.SerializerMethodField()  # type: ignore[assignment]  # no column
    overview = serializers.SerializerMethodField()
    tagline = serializers.SerializerMethodField()
    texts = serializers.SerializerMethodField()
    backdrop_url = serializers.SerializerMethodField()
    imdb_id = serializers.CharField(allow_null=True)
    directors = serializers.SerializerMethodField()
    cast = serializers.SerializerMethodField()
    keywords = serializers.SerializerMethodField()
    status = serializers.CharField(allow_null=True)
    trailer_url = serializers.SerializerMethodField()
    removed_at = serializers.DateTimeField(
        allow_null=True,
        help_text=(
            "When TMDb stopped knowing the film. What members said of it stays; lists "
            "and recommendations leave it out."
        ),
    )
    attribution = serializers.SerializerMethodField()
    meta = serializers.SerializerMethodField()

    def written_out(self, movie: Movie) -> dict[str, Any]:
        return super().written_out(movie) | {
            "title": self.get_title(movie),
            "overview": self.get_overview(movie),
            "tagline": self.get_tagline(movie),
            "texts": self.get_texts(movie),
            "backdrop_url": self.get_backdrop_url(movie),
            "imdb_id": movie.imdb_id,
            "directors": self.get_directors(movie),
            "cast": self.get_cast(movie),
            "keywords": self.get_keywords(movie),
            "status": movie.status,
            "trailer_url": self.get_trailer_url(movie),
            "removed_at": movie.removed_at,
            "attribution": self.get_attribution(movie),
            "meta": self.get_meta(movie),
        }

    def get_title(self, movie: Movie) -> str:
        return str(self.context["texts"].title.text)

    def get_overview(self, movie: Movie) -> str | None:
        return cast("Texts", self.context["texts"]).overview.text

    def get_tagline(self, movie: Movie) -> str | None:
        return cast("Texts", self.context["texts"]).tagline.text

    @extend_schema_field(TextsOutput)
    def get_texts(self, movie: Movie) -> dict[str, Any]:
        texts: Texts = self.context["texts"]
        return {
            "title": texts.title.language,
            "overview": texts.overview.language,
            "tagline": texts.tagline.language,
        }

    def get_backdrop_url(self, movie: Movie) -> str | None:
        return self.images.backdrop(movie.backdrop_path)

    @extend_schema_field(PersonOutput(many=True))
    def get_directors(self, movie: Movie) -> list[dict[str, Any]]:
        directors = self.context["credits"].directors
        return [{"id": one.person_id, "name": one.name} for one in directors]

    @extend_schema_field(CastOutput(many=True))
    def get_cast(self, movie: Movie) -> list[dict[str, Any]]:
        return [
            {
                "id": one.person_id,
                "name": one.name,
                "character": one.character,
                "order": one.position,
            }
            for one in self.context["credits"].cast
        ]

    @extend_schema_field(GenreOutput(many=True))
    def get_keywords(self, movie: Movie) -> list[dict[str, Any]]:
        return [{"id": id_, "name": name} for id_, name in self.context["keywords"]]

    def get_trailer_url(self, movie: Movie) -> str | None:
        key = movie.trailer_key
        return f"https://www.youtube.com/watch?v={key}" if key else None

    def get_attribution(self, movie: Movie) -> str:
        return TMDB_NOTICE

    @extend_schema_field(MetaBody)
    def get_meta(self, movie: Movie) -> dict[str, Any]:
        origin: Origin = self.context["origin"]
        return {
            "source": origin.source,
            "fetched_at": origin.fetched_at,
            "degraded": origin.degraded,
        }


class MovieDetailParams(Params):
    language = serializers.RegexField(
        r"^[a-z]{2,3}(-([A-Z]{2}|[0-9]{3}))?$",
        required=False,
        error_messages={"invalid": "A language looks like pt or pt-BR."},
        help_text=(
            "Of title, overview and tagline, in BCP 47: `pt` or `pt-BR`. For want of a "
            "text: the same language of another country, English, the original "
            "language; `texts` names what each is in. Without it English, as in lists."
        ),
    )


class GenreList(serializers.CharField):
    """`18,Drama` asks for all of them, `18|Drama` for any."""

    default_error_messages = {
        "mixed": "Separate genres by commas (all of them) or by | (any), not by both.",
    }

    def to_internal_value(self, data: Any) -> tuple[list[str], bool]:  # type: ignore[override]  # two values
        text = str(super().to_internal_value(data))
        any_genre = "|" in text
        if any_genre and "," in text:
            self.fail("mixed")
        return re.split(r"[,|]", text), any_genre


class FilterParams(Params):
    search = Text(
        required=False, max_length=200, help_text="A title; typos are forgiven."
    )
    genres = GenreList(
        required=False,
        max_length=500,
        help_text="Ids or names; `,` all of them, `|` any.",
    )
    year = ParamNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)
    year_min = ParamNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)
    year_max = ParamNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)
    runtime_min = ParamNumber(required=False, min_value=0, max_value=10_000)
    runtime_max = ParamNumber(required=False, min_value=0, max_value=10_000)
    vote_average_min = ParamDecimal(required=False, min_value=0, max_value=10)
    vote_average_max = ParamDecimal(required=False, min_value=0, max_value=10)
    vote_count_min = ParamNumber(required=False, min_value=0, max_value=10**9)
    language = serializers.RegexField(
        r"^[a-z]{2,3}$",
        required=False,
        error_messages={"invalid": "A language looks like pt: ISO 639-1."},
        help_text="ISO 639-1, the original language; lists tell titles in English.",
    )
    person = ParamNumber(required=False, min_value=-(2**31), max_value=2**31 - 1)
    ids = IdList(
        required=False, max_length=1000, help_text="Comma-separated, up to 100."
    )


FILTERS = tuple(FilterParams().fields)


def filters_of(params: dict[str, Any]) -> MovieFilters:
    """Return the domain's filters; raises UnknownGenre."""
    values = {name: params[name] for name in FILTERS if name in params}
    if "genres" in values:
        names, any_genre = values.pop("genres")
        genres = tuple(resolve_genres(names, field="genres"))
        values |= {"genres": genres, "any_genre": any_genre}
    return MovieFilters(**values)


class MovieListParams(FilterParams, PageParams):
    ordering = serializers.ChoiceField(
        required=False,
        choices=[sign + name for name in ORDERINGS for sign in ("", "-")],
        help_text="`-` before it reverses; by match for a search, else by popularity.",
    )


class TopRatedParams(FilterParams, PageParams):
    pass


class TrendingParams(PageParams):
    window = serializers.ChoiceField(choices=["day", "week"], default="day")


class SimilarParams(Params):
    limit = ParamNumber(min_value=1, max_value=100, default=20)


class SearchParams(PageParams):
    query = Text(max_length=200)
    year = ParamNumber(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)


class ImportInput(serializers.Serializer[Any]):
    tmdb_id = MovieId()


class GenreCountOutput(GenreOutput):
    movie_count = serializers.IntegerField()


class FoundMovieOutput(MovieOutput):
    in_catalogue = serializers.SerializerMethodField()

    def get_in_catalogue(self, movie: Movie) -> bool:
        return movie.pk in self.context["stored"]


MoviePage = page_of(
    MovieOutput,
    "MoviePage",
    count=serializers.IntegerField(
        min_value=0,
        help_text="An estimate beyond what pages reach; a search finds up to 200.",
    ),
)
MovieMetaPage = page_of(MovieOutput, "MovieMetaPage", meta=MetaBody())
FoundMoviePage = page_of(FoundMovieOutput, "FoundMoviePage", meta=MetaBody())
