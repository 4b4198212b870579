"""What a member answers to cards, each of which asks them to rate a film.

A rating is an answer, wherever it was given. A skip says that the member has not seen
the film: it is asked about no more, and recommended as any other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.lib.errors import NotFoundError
from nexus.ratings.models import HiddenMovie, Rating, SkippedMovie, Viewing


class MovieNotSkipped(NotFoundError):
    code = "movie_not_skipped"


@dataclass(frozen=True, slots=True)
class Answers:
    """Ids of films.

    skipped: those that were not rated after all
    settled: those about which there is nothing to ask, as they are rated, skipped,
    watched or hidden
    """

    rated: frozenset[int]
    skipped: frozenset[int]
    settled: frozenset[int]

    def __len__(self) -> int:
        return len(self.rated) + len(self.skipped)


def answers_of(*, user: User) -> Answers:
    """Read everything in four queries, however much there is."""
    rated = films_of(Rating.objects.filter(user=user))
    skipped = films_of(SkippedMovie.objects.filter(user=user))
    watched = films_of(Viewing.objects.filter(user=user))
    hidden = films_of(HiddenMovie.objects.filter(user=user))
    return Answers(rated, skipped - rated, rated | skipped | watched | hidden)


def films_of(rows: QuerySet[Any]) -> frozenset[int]:
    return frozenset(rows.values_list("movie_id", flat=True))


def skip_movie(*, user: User, movie: Movie, now: datetime) -> tuple[SkippedMovie, bool]:
    """Note that the member has not seen the film; return it and whether it is new."""
    return SkippedMovie.objects.select_related("movie").get_or_create(
        user=user, movie=movie, defaults={"created_at": now}
    )


def unskip_movie(*, user: User, movie_id: int) -> None:
    deleted, _ = SkippedMovie.objects.filter(user=user, movie=movie_id).delete()
    if not deleted:
        raise MovieNotSkipped("You have not skipped this film.")
