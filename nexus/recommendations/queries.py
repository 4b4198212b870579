"""A member's feed and match scores, and similar titles. Everything is computed live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nexus import engine
from nexus.accounts.models import User
from nexus.catalog.aside import Answer
from nexus.catalog.expiry import shown
from nexus.catalog.lists import MovieSlice, related_movies, trending_movies
from nexus.catalog.models import Movie
from nexus.catalog.operations import MovieNotFound, get_movie
from nexus.catalog.queries import MovieFilters, filter_movies
from nexus.recommendations.films import STORE
from nexus.recommendations.members import Member, read_member
from nexus.recommendations.words import (
    Reason,
    names_for,
    names_of_shared,
    put_in_words,
    shared,
)

LONGEST_FEED = 500
REASONS_IN_FEED = 3
REASONS_OF_SCORE = 10
MOST_SIMILAR = 100

Recommender = Literal["personal", "preferences", "trending"]


@dataclass(frozen=True, slots=True)
class MatchScore:
    explanation: engine.Explanation
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Pick:
    movie: Movie
    match_score: int
    reasons: list[Reason]
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a member asks of the feed; shares are 0..1."""

    filters: MovieFilters
    diversity: float
    novelty: float
    include_watched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One page; `count` films in all, `achieved` measures the page."""

    picks: list[Pick]
    count: int
    recommender: Recommender
    model_version: str
    degraded: bool
    achieved: engine.Achieved


def match_score(*, user: User, movie_id: int, now: datetime) -> MatchScore:
    """Say how likely the member is to give the film 4 stars or more, and why.

    Raises MovieNotFound, also for a film that TMDb took back.
    """
    catalogue = catalogue_with(movie_id, now=now)
    taste = read_member(user).taste
    found = engine.explain_by_rules(catalogue, taste, movie_id, limit=REASONS_OF_SCORE)
    names = names_for(found.reasons, now=now)
    return MatchScore(found, put_in_words(found.reasons, names))


def catalogue_with(movie_id: int, *, now: datetime) -> engine.Catalogue:
    """Return arrays that hold the film; raises MovieNotFound."""
    movie = get_movie(movie_id=movie_id, now=now)
    if movie.removed_at is not None:
        raise MovieNotFound(movie_id)
    catalogue = STORE.current(now=now, with_film=movie_id)
    if not catalogue.known_rows([movie_id]).size:
        raise MovieNotFound(movie_id)  # taken back since we asked
    return catalogue


def recommend(
    *, user: User, wish: Wish, page: int, page_size: int, now: datetime
) -> Feed:
    """Rank all films for the member and return one page of the first 500.

    Never a hidden film, and a rated or watched one only if asked for. Equal input gives
    an equal list.
    """
    catalogue, member = STORE.current(now=now), read_member(user)
    recommender = recommender_for(member)
    scores = engine.score_by_rules(catalogue, member.taste)
    relevance = scores.match.like
    degraded = False
    if recommender == "trending":
        lifted = lift_trending(scores.ids, relevance, now=now)
        relevance, degraded = lifted.relevance, lifted.degraded
    ranked = rank(catalogue, scores.ids, relevance, member=member, wish=wish, now=now)
    start = (page - 1) * page_size
    on_page = ranked[start : start + page_size]
    return Feed(
        picks=explain(catalogue, member, on_page, first_rank=start + 1, now=now),
        count=len(ranked),
        recommender=recommender,
        model_version=engine.RULES_VERSION,
        degraded=degraded,
        achieved=engine.achieved(catalogue, on_page),
    )


def recommender_for(member: Member) -> Recommender:
    if member.taste.rated:
        return "personal"
    return "preferences" if member.is_known else "trending"


@dataclass(frozen=True, slots=True)
class Lifted:
    relevance: NDArray[np.float64]
    degraded: bool


def lift_trending(
    ids: NDArray[np.int64], relevance: NDArray[np.float64], *, now: datetime
) -> Lifted:
    """Put the films that are trending now before all others, in their order."""
    answer = trending_movies(window="week", page=1, page_size=20, now=now)
    rank_of = {movie.pk: rank for rank, movie in enumerate(answer.value.movies)}
    lift = [float(20 - rank_of.get(id_, 20)) for id_ in ids.tolist()]
    return Lifted(relevance + np.array(lift), answer.origin.degraded)


def rank(
    catalogue: engine.Catalogue,
    ids: NDArray[np.int64],
    relevance: NDArray[np.float64],
    *,
    member: Member,
    wish: Wish,
    now: datetime,
) -> list[int]:
    """Return the ids for the whole feed, best first."""
    excluded = set(member.hidden)
    if wish.include_watched:
        relevance = own_stars_first(ids, relevance, member.taste)
    else:
        excluded |= member.taste.seen
    if wish.filters != MovieFilters():
        allowed = filter_movies(Movie.objects.filter(shown(now)), wish.filters)
        passing = np.fromiter(allowed.order_by().values_list("id", flat=True), np.int64)
        relevance = np.where(np.isin(ids, passing), relevance, np.nan)
    top = engine.top_n(ids, relevance, LONGEST_FEED, exclude=excluded)
    order = np.searchsorted(ids, top)
    discounted = engine.discount_popular(
        catalogue, top, relevance[order], novelty=wish.novelty
    )
    found = engine.diversify(catalogue, top, discounted, diversity=wish.diversity)
    return [int(id_) for id_ in found]


def own_stars_first(
    ids: NDArray[np.int64], relevance: NDArray[np.float64], taste: engine.Taste
) -> NDArray[np.float64]:
    """Let what the member said of a film count for more than what we expect."""
    own = {id_: stars / 5 for id_, stars in taste.rated.items()}
    pairs = zip(ids.tolist(), relevance.tolist(), strict=True)
    return np.array([own.get(id_, expected) for id_, expected in pairs])


def explain(
    catalogue: engine.Catalogue,
    member: Member,
    ids: Sequence[int],
    *,
    first_rank: int,
    now: datetime,
) -> list[Pick]:
    found = engine.explain_all_by_rules(
        catalogue, member.taste, ids, limit=REASONS_IN_FEED
    )
    names = names_for((reason for one in found for reason in one.reasons), now=now)
    movies = read_movies(ids, now=now)
    return [
        Pick(
            movies[one.film_id],
            one.match_score,
            put_in_words(one.reasons, names),
            place,
        )
        for place, one in enumerate(found, start=first_rank)
        if one.film_id in movies
    ]


def read_movies(ids: Sequence[int], *, now: datetime) -> dict[int, Movie]:
    """Read the films by id; one that is gone or too old meanwhile is left out."""
    movies = Movie.objects.filter(shown(now)).in_bulk(ids)
    if len(movies) < len(ids):
        STORE.doubt()
    return movies


@dataclass(frozen=True, slots=True)
class SimilarMovie:
    movie: Movie
    similarity: float
    reasons: list[Reason]


def similar_movies(*, movie_id: int, limit: int, now: datetime) -> list[SimilarMovie]:
    """Return the films most like this one by content; raises MovieNotFound."""
    found = engine.similar(catalogue_with(movie_id, now=now), movie_id, limit)
    names = names_of_shared(found)
    movies = read_movies([one.id for one in found], now=now)
    return [
        SimilarMovie(movies[one.id], round(one.similarity, 4), shared(one, names))
        for one in found
        if one.id in movies
    ]


def movies_recommended_with(
    *, movie_id: int, page: int, page_size: int, now: datetime
) -> Answer[MovieSlice]:
    """Return TMDb's recommendations for the film, without TMDb our similar titles."""

    def local(movie: Movie) -> MovieSlice:
        alike = similar_movies(movie_id=movie.pk, limit=MOST_SIMILAR, now=now)
        movies = [one.movie for one in alike]
        start = (page - 1) * page_size
        stored = frozenset(one.pk for one in movies)
        return MovieSlice(movies[start : start + page_size], len(movies), stored)

    return related_movies(
        movie_id=movie_id, page=page, page_size=page_size, now=now, local=local
    )
