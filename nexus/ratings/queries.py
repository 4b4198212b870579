"""Reads of what members said of films."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from nexus.accounts.models import User, Visibility, present
from nexus.catalog.expiry import showable
from nexus.catalog.models import Genre, Movie, Person
from nexus.lib.errors import NotFoundError
from nexus.ratings.models import HIDE_REVIEW, HiddenMovie, Rating, Viewing

HALF_STARS = range(1, 11)


class RatingNotFound(NotFoundError):
    code = "rating_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such rating.")


class ViewingNotFound(NotFoundError):
    code = "viewing_not_found"


def ratings_of(
    *,
    user: User,
    movie_id: int | None,
    min_half_stars: int | None,
    has_review: bool | None,
) -> QuerySet[Rating]:
    """Return the member's ratings, films loaded; None does not narrow."""
    ratings = Rating.objects.filter(user=user).select_related("movie", "user")
    if movie_id is not None:
        ratings = ratings.filter(movie=movie_id)
    if min_half_stars is not None:
        ratings = ratings.filter(half_stars__gte=min_half_stars)
    if has_review is not None:
        ratings = (
            ratings.exclude(review="") if has_review else ratings.filter(review="")
        )
    return ratings


def public_ratings(*, movie_id: int) -> QuerySet[Rating]:
    """Return the ratings of members who show theirs, newest first."""
    shown = Rating.objects.filter(
        present("user__"), movie=movie_id, user__visibility=Visibility.PUBLIC
    )
    return shown.select_related("movie", "user").order_by("-updated_at", "-id")


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """`average` in stars, None without ratings; `distribution` by "0.5" to "5.0"."""

    average: float | None
    distribution: dict[str, int]


def summarize(ratings: QuerySet[Rating]) -> RatingSummary:
    rows = ratings.order_by().values_list("half_stars").annotate(n=Count("*"))
    return summary_of(dict(rows))


def summary_of(count_by_half_stars: dict[int, int]) -> RatingSummary:
    count = sum(count_by_half_stars.values())
    half_stars = sum(value * n for value, n in count_by_half_stars.items())
    return RatingSummary(
        average=round(half_stars / 2 / count, 2) if count else None,
        distribution={
            f"{value / 2:.1f}": count_by_half_stars.get(value, 0)
            for value in HALF_STARS
        },
    )


def get_visible_rating(*, viewer: User | None, rating_id: int) -> Rating:
    """Return the rating if it is the viewer's or its author shows theirs.

    Moderators also see what is hidden, so that they can show it again.
    """
    visible = Q(present("user__"), user__visibility=Visibility.PUBLIC)
    if viewer is not None:
        visible |= Q(user=viewer)
        if viewer.has_perm(HIDE_REVIEW):
            visible |= Q(hidden_at__isnull=False, user__closed_at=None)
    found = (
        Rating.objects.filter(visible, pk=rating_id)
        .select_related("movie", "user")
        .first()
    )
    if found is None:
        raise RatingNotFound
    return found


def get_own_rating(*, user: User, movie_id: int) -> Rating:
    found = (
        Rating.objects.filter(user=user, movie=movie_id)
        .select_related("movie", "user")
        .first()
    )
    if found is None:
        raise RatingNotFound
    return found


def viewings_of(*, user: User, movie_id: int | None = None) -> QuerySet[Viewing]:
    """Return the member's history, films loaded; None does not narrow."""
    viewings = Viewing.objects.filter(user=user).select_related("movie")
    return viewings if movie_id is None else viewings.filter(movie=movie_id)


def hidden_movies_of(*, user: User) -> QuerySet[HiddenMovie]:
    return HiddenMovie.objects.filter(user=user).select_related("movie")


@dataclass(frozen=True, slots=True)
class Preferences:
    genres: Sequence[Genre]
    people: Sequence[Person]
    movies: Sequence[Movie]


def preferences_of(*, user: User, now: datetime) -> Preferences:
    """Return what the member declared; a person's older id gives the real person."""
    declared = Person.objects.filter(preferences__user=user)
    people = {
        person.replaced_by or person
        for person in declared.select_related("replaced_by")
    }
    movies = Movie.objects.filter(preferences__user=user).order_by("sort_title", "id")
    return Preferences(
        genres=list(Genre.objects.filter(preferences__user=user).order_by("name")),
        people=sorted(people, key=lambda person: (person.name, person.pk)),
        movies=[showable(movie, now=now) for movie in movies],
    )
