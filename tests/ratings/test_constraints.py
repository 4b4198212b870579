"""What the database refuses, whoever writes."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError

from nexus.accounts.models import User
from nexus.catalog.models import Genre
from nexus.ratings.models import (
    GenrePreference,
    HiddenMovie,
    MoviePreference,
    PersonPreference,
    Rating,
    SkippedMovie,
    Viewing,
)
from tests.builders import NOW, make_movie, make_person, make_rating, make_viewing

pytestmark = pytest.mark.usefixtures("genres")


@pytest.mark.parametrize("half_stars", [0, 11, -1])
def test_stars_have_a_range(owner: User, half_stars: int) -> None:
    with pytest.raises(IntegrityError):
        make_rating(owner, make_movie(), stars=half_stars / 2)


def test_a_member_rates_a_film_once(owner: User, stranger: User) -> None:
    movie = make_movie()
    make_rating(owner, movie)
    make_rating(stranger, movie)

    with pytest.raises(IntegrityError, match="rating_once_per_movie"):
        make_rating(owner, movie)


@pytest.mark.parametrize("day", [date(2020, 1, 1), None])
def test_a_film_is_watched_once_a_day(owner: User, day: date | None) -> None:
    movie = make_movie()
    make_viewing(owner, movie, day)

    with pytest.raises(IntegrityError, match="viewing_once_per_day"):
        make_viewing(owner, movie, day)


def test_a_film_is_hidden_once(owner: User) -> None:
    movie = make_movie()
    HiddenMovie.objects.create(user=owner, movie=movie, created_at=NOW)

    with pytest.raises(IntegrityError, match="hidden_once_per_movie"):
        HiddenMovie.objects.create(user=owner, movie=movie, created_at=NOW)


def test_a_film_is_skipped_once(owner: User, stranger: User) -> None:
    movie = make_movie()
    SkippedMovie.objects.create(user=owner, movie=movie, created_at=NOW)
    SkippedMovie.objects.create(user=stranger, movie=movie, created_at=NOW)

    with pytest.raises(IntegrityError, match="skipped_once_per_movie"):
        SkippedMovie.objects.create(user=owner, movie=movie, created_at=NOW)


@pytest.mark.parametrize("kind", ["genre", "person", "movie"])
def test_a_preference_is_declared_once(owner: User, kind: str) -> None:
    def declare() -> Model:
        if kind == "genre":
            return GenrePreference(user=owner, genre=Genre.objects.get(id=18))
        if kind == "person":
            return PersonPreference(user=owner, person=person)
        return MoviePreference(user=owner, movie=movie)

    person, movie = make_person("Agnès Varda"), make_movie()
    declare().save()

    with pytest.raises(IntegrityError, match=f"{kind}_preference_once"):
        declare().save()


@pytest.mark.parametrize("make", [make_rating, make_viewing])
def test_a_film_that_members_spoke_of_stays(owner: User, make: object) -> None:
    movie = make_movie()
    assert callable(make)
    make(owner, movie)

    with pytest.raises(ProtectedError), transaction.atomic():
        movie.delete()


def test_all_of_a_member_goes_with_them(owner: User) -> None:
    movie = make_movie()
    make_rating(owner, movie)
    make_viewing(owner, movie)

    owner.delete()

    assert not Rating.objects.exists()
    assert not Viewing.objects.exists()
