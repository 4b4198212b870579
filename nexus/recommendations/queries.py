"""A member's feed and match scores, and similar titles.

Everything is computed from what is so now; a feed whose grounds are the same is told
again (`again`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nexus import engine
from nexus.accounts.models import User
from nexus.catalog.aside import Answer
from nexus.catalog.expiry import is_shown, showable
from nexus.catalog.lists import MovieSlice, related_movies, trending_movies
from nexus.catalog.models import Movie
from nexus.catalog.operations import MovieNotFound, held_or_fetched
from nexus.catalog.queries import MovieFilters, movies_passing
from nexus.catalog.rows import read_in_order
from nexus.lib.errors import InvalidError
from nexus.recommendations.again import FEEDS, MEMBERS, Basis, basis_for
from nexus.recommendations.alike import find_alike
from nexus.recommendations.films import STORE, Films, Picture
from nexus.recommendations.members import Member, read_member
from nexus.recommendations.remembered import FILMS
from nexus.recommendations.scoring import PANEL, Scorer
from nexus.recommendations.words import (
    Reason,
    Thing,
    names_for,
    names_of_shared,
    reasons_of,
    shared,
    shared_audience,
    titles_of,
)

LONGEST_FEED = 500
REASONS_IN_FEED = 3
REASONS_OF_SCORE = 10
MOST_SIMILAR = 100

Recommender = Literal["personal", "preferences", "trending"]


class Sized(Protocol):
    """What is told of a page; size: bytes, about."""

    @property
    def size(self) -> int: ...


Shown = TypeVar("Shown", bound=Sized)


class NotRated(InvalidError):
    """Only a rating that the member gave can be thought away."""

    def __init__(self) -> None:
        super().__init__("You have not rated this film.", field="without")


@dataclass(frozen=True, slots=True)
class Without:
    """The match score had the member not rated the film; difference: what that adds."""

    movie: Thing
    explanation: engine.Explanation
    difference: int


@dataclass(frozen=True, slots=True)
class MatchScore:
    explanation: engine.Explanation
    reasons: list[Reason]
    without: Without | None


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


def match_score(
    *, user: User, movie_id: int, without: int | None = None, now: datetime
) -> MatchScore:
    """Say how likely the member is to give the film 4 stars or more, and why.

    `without` names a rated film: how would it be without that rating? Raises NotRated,
    and MovieNotFound, also for a film that TMDb took back.
    """
    get_shown(movie_id, now=now)
    member = find_member(user, basis_for(user, now=now))
    films = films_with(movie_id, now=now, about=member.films)
    if without is not None and without not in member.taste.rated:
        raise NotRated

    def question(scorer: Scorer) -> tuple[engine.Explanation, engine.Explanation]:
        found = explain_one(scorer, movie_id)
        if without is None:
            return found, found
        return found, explain_one(scorer.without(without), movie_id)

    answer = PANEL.ask(question, films=films, member=member, now=now)
    found, other = answer.value
    reasons = reasons_of(found, names_for([found], films, now=now))
    compared = None if without is None else compare(found, other, without, now=now)
    return MatchScore(found, reasons, compared)


def explain_one(scorer: Scorer, movie_id: int) -> engine.Explanation:
    return scorer.explain([movie_id], limit=REASONS_OF_SCORE)[0]


def compare(
    found: engine.Explanation,
    other: engine.Explanation,
    movie_id: int,
    *,
    now: datetime,
) -> Without:
    title = titles_of([movie_id], now=now).get(movie_id, "")
    difference = found.match_score - other.match_score
    return Without(Thing("movie", movie_id, title), other, difference)


def get_shown(movie_id: int, *, now: datetime) -> Movie:
    """Return the film; raises MovieNotFound, also for one that TMDb took back."""
    held = FILMS.find([movie_id]).get(movie_id)
    movie = held_or_fetched(held, movie_id=movie_id, now=now).movie
    if movie.removed_at is not None:
        raise MovieNotFound(movie_id)
    return movie


def films_with(movie_id: int, *, now: datetime, about: Iterable[int] = ()) -> Films:
    """Return films among which are this one and others; raises MovieNotFound."""
    films = STORE.films(now=now, with_film=movie_id, about=about)
    if not films.has(movie_id):
        raise MovieNotFound(movie_id)  # taken back since we asked
    return films


def recommend(
    *,
    user: User,
    wish: Wish,
    page: int,
    page_size: int,
    now: datetime,
    show: Callable[[Feed], Shown],
) -> Shown:
    """Rank the listed films for the member and return one page of the first 500.

    Never a hidden film, and a rated or watched one only if asked for. Equal input gives
    an equal list. show: makes of a page what is told, and told again while nothing that
    it rests on changes
    """
    basis = basis_for(user, now=now)
    key = (user.pk, wish, page, page_size, show)
    told: Shown | None = None if basis is None else FEEDS.find(key, basis)
    if told is not None:
        return told
    member = find_member(user, basis)
    feed = find_feed(member, wish=wish, page=page, page_size=page_size, now=now)
    told = show(feed)
    if basis is not None and not member.is_stranger and is_lasting(feed, basis):
        FEEDS.keep(key, basis, told, size=told.size)
    return told


def find_member(user: User, basis: Basis | None) -> Member:
    """Return what the member said, read anew only where it is not the same."""
    found: Member | None = None if basis is None else MEMBERS.find(user.pk, basis)
    if found is None:
        found = read_member(user)
        if basis is not None:
            MEMBERS.keep(user.pk, basis, found, size=found.size)
    return found


def is_lasting(feed: Feed, basis: Basis) -> bool:
    """Say whether it is worth keeping, and answered by what the basis says."""
    answered = feed.model_version in {basis.model, engine.RULES_VERSION}
    return bool(feed.picks) and answered and not feed.degraded


def find_feed(
    member: Member, *, wish: Wish, page: int, page_size: int, now: datetime
) -> Feed:
    films = STORE.films(now=now, about=member.films)
    catalogue = films.catalogue
    recommender = recommender_for(member)
    lift = find_lift(catalogue, recommender, now=now)
    among = find_asked_for(films.picture, member, wish, now=now)
    start = (page - 1) * page_size

    def question(scorer: Scorer) -> Listed:
        relevance = lift.lift + scorer.relevance(
            among, own_stars=wish.include_watched, most=LONGEST_FEED
        )
        best = engine.top_n(catalogue.ids, relevance, LONGEST_FEED)
        ranked = rank(best, relevance, catalogue, wish=wish, count=start + page_size)
        on_page = ranked[start:]
        explained = scorer.explain(on_page, limit=REASONS_IN_FEED)
        return Listed(best.size, on_page, explained)

    answer = PANEL.ask(question, films=films, member=member, now=now)
    return Feed(
        picks=put_in_picks(
            answer.value.explained, films, first_rank=start + 1, now=now
        ),
        count=answer.value.count,
        recommender=recommender,
        model_version=answer.version,
        degraded=answer.degraded or lift.degraded,
        achieved=engine.achieved(catalogue, answer.value.on_page),
    )


def recommender_for(member: Member) -> Recommender:
    if member.is_stranger:
        return "trending"
    return "personal" if member.taste.rated else "preferences"


@dataclass(frozen=True, slots=True)
class Listed:
    """The films of one page, with `count` films on all of them."""

    count: int
    on_page: list[int]
    explained: list[engine.Explanation]


@dataclass(frozen=True, slots=True)
class Lift:
    """What is added to the relevance of the catalogue's films."""

    lift: NDArray[np.float64]
    degraded: bool


def find_lift(
    catalogue: engine.Catalogue, recommender: Recommender, *, now: datetime
) -> Lift:
    """Put the films that are trending now before all others, in their order.

    Only for those of whom nothing else is known.
    """
    lift = np.zeros(len(catalogue))
    if recommender != "trending":
        return Lift(lift, degraded=False)
    answer = trending_movies(window="week", page=1, page_size=20, now=now)
    for rank, movie in enumerate(answer.value.movies):
        lift[catalogue.known_rows([movie.pk])] = 20.0 - rank
    return Lift(lift, answer.origin.degraded)


def find_passing(
    picture: Picture, filters: MovieFilters, *, now: datetime
) -> NDArray[np.bool_]:
    """Say which of the picture's films pass the filters."""
    ids = picture.catalogue.ids
    if filters == MovieFilters():
        return np.ones(ids.size, dtype=np.bool_)
    allowed = movies_passing(filters, now=now)
    passing = np.fromiter(picture.shortlist.among(allowed), np.int64)
    return np.isin(ids, passing)


def find_asked_for(
    picture: Picture, member: Member, wish: Wish, *, now: datetime
) -> NDArray[np.bool_]:
    """Say which of the picture's films may be in the feed."""
    found = find_passing(picture, wish.filters, now=now)
    excluded = set(member.hidden)
    if not wish.include_watched:
        excluded |= member.taste.seen
    found[picture.catalogue.known_rows(excluded)] = False
    return found


def rank(
    best: NDArray[np.int64],
    relevance: NDArray[np.float64],
    catalogue: engine.Catalogue,
    *,
    wish: Wish,
    count: int,
) -> list[int]:
    """Return so many of the best, in the order of the feed."""
    if not (wish.diversity or wish.novelty):
        return list(best[:count].tolist())
    order = np.searchsorted(catalogue.ids, best)
    discounted = engine.discount_popular(
        catalogue, best, relevance[order], novelty=wish.novelty
    )
    found: list[int] = engine.diversify(
        catalogue, best, discounted, diversity=wish.diversity, n=count
    ).tolist()
    return found


def put_in_picks(
    found: Sequence[engine.Explanation],
    films: Films,
    *,
    first_rank: int,
    now: datetime,
) -> list[Pick]:
    names = names_for(found, films, now=now)
    movies = read_movies([one.film_id for one in found], now=now)
    return [
        Pick(movies[one.film_id], one.match_score, reasons_of(one, names), place)
        for place, one in enumerate(found, start=first_rank)
        if one.film_id in movies
    ]


def read_movies(ids: Sequence[int], *, now: datetime) -> dict[int, Movie]:
    """Read the films by id; one that is gone or too old meanwhile is left out."""
    found = {movie.pk: movie for movie in read_in_order(ids)}
    movies = {id_: one for id_, one in found.items() if is_shown(one, now=now)}
    if len(movies) < len(ids):
        STORE.doubt()
    return movies


@dataclass(frozen=True, slots=True)
class SimilarMovie:
    movie: Movie
    similarity: float
    reasons: list[Reason]


def similar_movies(*, movie_id: int, limit: int, now: datetime) -> list[SimilarMovie]:
    """Return the films most like this one; raises MovieNotFound."""
    movie = get_shown(movie_id, now=now)
    films = films_with(movie_id, now=now)
    found = find_alike(films, movie_id, limit=limit, now=now)
    asked = Thing("movie", movie_id, showable(movie, now=now).title)
    names = names_of_shared(found.films)
    movies = read_movies([one.id for one in found.films], now=now)

    def why(one: engine.SimilarFilm) -> list[Reason]:
        audience = shared_audience(asked, liked=one.id in found.liked)
        return [*([audience] if one.picked else []), *shared(one, names)]

    return [
        SimilarMovie(movies[one.id], round(one.similarity, 4), why(one))
        for one in found.films
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
