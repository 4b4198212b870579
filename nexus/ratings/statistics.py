"""What a member's history and ratings add up to."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, QuerySet
from django.db.models.functions import Coalesce

from nexus.accounts.models import User
from nexus.catalog.expiry import unexpired
from nexus.catalog.models import Credit, CreditKind
from nexus.catalog.queries import genre_names
from nexus.ratings.models import Rating, Viewing
from nexus.ratings.queries import RatingSummary, summary_of

TOP = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """A film of the history; `times` counts rewatches, `runtime` is in minutes."""

    movie_id: int
    times: int
    runtime: int | None = None
    year: int | None = None
    genres: Collection[int] = ()

    @property
    def minutes(self) -> int:
        return (self.runtime or 0) * self.times


@dataclass(frozen=True, slots=True)
class GenreShare:
    id: int
    name: str
    count: int
    minutes: int
    average_rating: float | None


@dataclass(frozen=True, slots=True)
class PersonShare:
    id: int
    name: str
    count: int
    average_rating: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Films count once however often they were watched, minutes count every time."""

    movies_watched: int
    watch_time_minutes: int
    movies_without_runtime: int
    ratings_count: int
    reviews_count: int
    ratings: RatingSummary
    top_genres: list[GenreShare]
    top_directors: list[PersonShare]
    top_actors: list[PersonShare]
    by_year: dict[int, int]  # release year: films
    by_decade: dict[int, int]


def statistics_of(*, user: User, now: datetime) -> Statistics:
    """Add everything up in a fixed number of queries."""
    watched, credits_ = watched_by(user, now=now), credits_watched(user, now=now)
    half_stars = dict(
        Rating.objects.filter(user=user).values_list("movie_id", "half_stars")
    )
    years = [film.year for film in watched if film.year is not None]
    return Statistics(
        movies_watched=len(watched),
        watch_time_minutes=sum(film.minutes for film in watched),
        movies_without_runtime=sum(film.runtime is None for film in watched),
        ratings_count=len(half_stars),
        reviews_count=Rating.objects.filter(user=user).exclude(review="").count(),
        ratings=summary_of(Counter(half_stars.values())),
        top_genres=top_genres(watched, half_stars),
        top_directors=top_people(credits_, CreditKind.DIRECTOR, half_stars),
        top_actors=top_people(credits_, CreditKind.CAST, half_stars),
        by_year=dict(sorted(Counter(years).items())),
        by_decade=dict(sorted(Counter(year // 10 * 10 for year in years).items())),
    )


def watched_by(user: User, *, now: datetime) -> list[Watched]:
    """Return the films; of one whose copy is too old nothing is known."""
    is_known = ExpressionWrapper(unexpired(now, "movie__"), BooleanField())
    facts = ("movie__runtime", "movie__year", "movie__genres")
    rows = (
        Viewing.objects.filter(user=user)
        .values_list("movie_id", is_known, *facts)
        .annotate(times=Count("*"))
    )
    return [
        Watched(movie_id, times, *told) if known else Watched(movie_id, times)
        for movie_id, known, *told, times in rows
    ]


def top_genres(
    watched: Iterable[Watched], half_stars: dict[int, int]
) -> list[GenreShare]:
    films: dict[int, list[Watched]] = {}
    for film in watched:
        for genre in film.genres:
            films.setdefault(genre, []).append(film)
    names = genre_names()
    shares = [
        GenreShare(
            id=genre,
            name=names[genre],
            count=len(of_genre),
            minutes=sum(film.minutes for film in of_genre),
            average_rating=average(half_stars, [film.movie_id for film in of_genre]),
        )
        for genre, of_genre in films.items()
        if genre in names
    ]
    return sorted(shares, key=lambda share: (-share.count, -share.minutes, share.name))[
        :TOP
    ]


def top_people(
    seen: QuerySet[Any], kind: CreditKind, half_stars: dict[int, int]
) -> list[PersonShare]:
    films = films_by_person(seen.filter(kind=kind))
    return [
        PersonShare(id_, name, len(movies), average(half_stars, movies))
        for (id_, name), movies in films.items()
    ]


def credits_watched(user: User, *, now: datetime) -> QuerySet[Any]:
    """Return credits with `who`: the real person behind one known by name only."""
    known = Credit.objects.filter(unexpired(now, "movie__"))
    return known.filter(movie__viewings__user=user).annotate(
        who=Coalesce("person__replaced_by_id", "person_id"),
        name=Coalesce("person__replaced_by__name", "person__name"),
    )


def films_by_person(seen: QuerySet[Any]) -> dict[tuple[int, str], list[int]]:
    """Return the films of the people most often seen, most films first."""
    most = (
        seen.values_list("who", "name")
        .annotate(films=Count("movie", distinct=True))
        .order_by("-films", "name", "who")[:TOP]
    )
    found: dict[tuple[int, str], list[int]] = {(who, name): [] for who, name, _ in most}
    by_id = {who: films for (who, _), films in found.items()}
    for who, movie_id in (
        seen.filter(who__in=by_id).values_list("who", "movie_id").distinct()
    ):
        by_id[who].append(movie_id)
    return found


def average(half_stars: dict[int, int], movie_ids: Iterable[int]) -> float | None:
    """Return the mean rating in stars; None where none of the films is rated."""
    rated = [half_stars[movie_id] for movie_id in movie_ids if movie_id in half_stars]
    return round(sum(rated) / 2 / len(rated), 2) if rated else None
