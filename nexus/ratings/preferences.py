"""What a member declares to like: genres, people and films."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from nexus.accounts.models import User
from nexus.catalog.models import Genre, Movie, Person
from nexus.catalog.operations import find_people, get_movies
from nexus.catalog.queries import resolve_genres
from nexus.catalog.upstream import one_limit
from nexus.ratings.models import GenrePreference, MoviePreference, PersonPreference


@dataclass(frozen=True, slots=True)
class Declared:
    """What of each kind; None says nothing of that kind."""

    genres: Sequence[Genre] | None = None
    people: Sequence[Person] | None = None
    movies: Sequence[Movie] | None = None


NOTHING = Declared((), (), ())


@one_limit()
def resolve(
    *,
    genres: Sequence[int | str] | None = None,
    people: Sequence[int] | None = None,
    movies: Sequence[int] | None = None,
    now: datetime,
) -> Declared:
    """Turn ids and names into rows, fetching films and people that only TMDb knows.

    Raises UnknownGenre, UnknownPerson or UnknownMovie, naming the first unknown one.
    """
    return Declared(
        genres=None
        if genres is None
        else list(Genre.objects.filter(id__in=resolve_genres(genres, field="genres"))),
        people=None
        if people is None
        else find_people(person_ids=people, field="people"),
        movies=None
        if movies is None
        else get_movies(movie_ids=movies, field="movies", now=now),
    )


@transaction.atomic
def add(*, user: User, declared: Declared) -> None:
    lock(user)
    insert(user, declared)


@transaction.atomic
def replace(*, user: User, declared: Declared) -> None:
    """Replace each kind that something is said of."""
    lock(user)
    if declared.genres is not None:
        GenrePreference.objects.filter(user=user).delete()
    if declared.people is not None:
        PersonPreference.objects.filter(user=user).delete()
    if declared.movies is not None:
        MoviePreference.objects.filter(user=user).delete()
    insert(user, declared)


def lock(user: User) -> None:
    """Let one member's changes follow each other, lest they lock each other out."""
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()


def insert(user: User, declared: Declared) -> None:
    GenrePreference.objects.bulk_create(
        [GenrePreference(user=user, genre=genre) for genre in declared.genres or ()],
        ignore_conflicts=True,
    )
    PersonPreference.objects.bulk_create(
        [
            PersonPreference(user=user, person=person)
            for person in declared.people or ()
        ],
        ignore_conflicts=True,
    )
    MoviePreference.objects.bulk_create(
        [MoviePreference(user=user, movie=movie) for movie in declared.movies or ()],
        ignore_conflicts=True,
    )
