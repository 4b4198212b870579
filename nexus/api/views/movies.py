"""The catalogue: lists, details and TMDb through our cache."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.request import Request

from nexus.api.endpoint import Endpoint, PublicEndpoint, operation
from nexus.api.limits import TMDB_IMPORT, TMDB_SEARCH
from nexus.api.paging import page_body
from nexus.api.reply import Reply
from nexus.api.shapes import movies as shapes
from nexus.api.shapes.common import MetaBody
from nexus.api.summaries import SUMMARIES
from nexus.catalog import lists, operations, queries
from nexus.catalog.aside import Answer
from nexus.catalog.lists import MovieSlice
from nexus.catalog.models import Movie
from nexus.catalog.operations import Found
from nexus.catalog.texts import english_texts, texts_in


def summaries(movies: Sequence[Movie]) -> Any:
    return shapes.MovieOutput(movies, many=True, context={}).data


def detail(found: Found, *, language: str | None = None) -> Any:
    movie = found.movie
    made_by, keywords = queries.credits_and_keywords(movie)
    context = {
        "texts": texts_in(movie, language) if language else english_texts(movie),
        "credits": made_by,
        "keywords": keywords,
        "origin": found.origin,
    }
    return shapes.MovieDetailOutput(movie, context=context).data


class MovieList(PublicEndpoint):
    @operation(
        "List the stored films",
        params=shapes.MovieListParams,
        answers={200: shapes.MoviePage},
        failures=[404],
    )
    def get(self, request: Request) -> Reply:
        filters = shapes.filters_of(self.params)
        found = queries.find_movies(
            filters,
            page=self.params["page"],
            page_size=self.params["page_size"],
            ordering=self.params.get("ordering"),
            now=timezone.now(),
        )
        results = SUMMARIES.of(found.versions)
        body = page_body(request, self.params, count=found.count, results=results)
        return Reply(body)


class TopRated(PublicEndpoint):
    @operation(
        "List the best films by the Bayesian average of their votes",
        params=shapes.TopRatedParams,
        answers={200: shapes.MoviePage},
        failures=[404],
    )
    def get(self, request: Request) -> Reply:
        filters = shapes.filters_of(self.params)
        found = queries.find_top_rated(
            filters,
            page=self.params["page"],
            page_size=self.params["page_size"],
            now=timezone.now(),
        )
        results = SUMMARIES.of(found.versions)
        body = page_body(request, self.params, count=found.count, results=results)
        return Reply(body)


class UpstreamList(PublicEndpoint):
    """A list of TMDb's; `meta` tells where it came from this time."""

    cache_control = (
        "public, max-age=30, stale-while-revalidate=600, stale-if-error=86400"
    )
    keep_s = 30.0

    def answer(self, found: Answer[MovieSlice]) -> Reply:
        if found.origin.degraded or found.origin.source == "stale":
            self.note_degraded()
        body = page_body(
            self.request,
            self.params,
            count=found.value.count,
            results=summaries(found.value.movies),
        )
        return Reply(body | {"meta": MetaBody(found.origin).data})


class Trending(UpstreamList):
    @operation(
        "List what is trending on TMDb",
        params=shapes.TrendingParams,
        answers={200: shapes.MovieMetaPage},
        failures=[404],
    )
    def get(self, request: Request) -> Reply:
        return self.answer(lists.trending_movies(**self.params, now=timezone.now()))


class MovieDetail(PublicEndpoint):
    @operation(
        "Read a film; one not stored yet is fetched from TMDb",
        params=shapes.MovieDetailParams,
        answers={200: shapes.MovieDetailOutput},
        failures=[502, 503],
    )
    def get(self, request: Request, movie_id: int) -> Reply:
        found = operations.find_complete(movie_id=movie_id, now=timezone.now())
        if found.origin.degraded or found.origin.source == "stale":
            self.note_degraded()
        return Reply(detail(found, language=self.params.get("language")))


class Genres(PublicEndpoint):
    @operation("List the genres", answers={200: shapes.GenreCountOutput(many=True)})
    def get(self, request: Request) -> Reply:
        counts = queries.count_genres(now=timezone.now())
        return Reply(shapes.GenreCountOutput(counts, many=True).data)


class TmdbSearch(Endpoint):
    limit = TMDB_SEARCH

    @operation(
        "Search TMDb",
        params=shapes.SearchParams,
        answers={200: shapes.FoundMoviePage},
        failures=[404, 502, 503],
    )
    def get(self, request: Request) -> Reply:
        values = {"year": None} | self.params
        found = lists.search_tmdb(**values, now=timezone.now())
        slice_ = found.value
        context = {"stored": slice_.stored}
        results = shapes.FoundMovieOutput(slice_.movies, many=True, context=context)
        body = page_body(request, self.params, count=slice_.count, results=results.data)
        return Reply(body | {"meta": MetaBody(found.origin).data})


class TmdbImport(Endpoint):
    limit = TMDB_IMPORT

    @operation(
        "Bring a film of TMDb's into the catalogue",
        body=shapes.ImportInput,
        answers={200: shapes.MovieDetailOutput, 201: shapes.MovieDetailOutput},
        failures=[404, 502, 503],
    )
    def post(self, request: Request) -> Reply:
        movie_id = self.body["tmdb_id"]
        found = operations.import_movie(movie_id=movie_id, now=timezone.now())
        return Reply(detail(found), status=201 if found.is_new else 200)
