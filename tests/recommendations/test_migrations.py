"""The tables of training come and go, and nothing else does."""

import pytest
from django.core.management import call_command
from django.db import DataError, IntegrityError, connection
from django.utils import timezone

from nexus.recommendations.models import OutsideFilm, OutsideRating
from tests.builders import make_movie, make_rating, make_user

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = {
    "recommendations_outsidefilm",
    "recommendations_outsiderating",
    "recommendations_trainedmodel",
}


def tables() -> set[str]:
    return set(connection.introspection.table_names())


def rate(half_stars: int = 7) -> None:
    OutsideRating.objects.create(
        source="movielens",
        source_user=1,
        tmdb_id=603,
        half_stars=half_stars,
        rated_at=timezone.now(),
    )


def test_they_can_be_undone_and_done_again() -> None:
    rate()
    make_rating(make_user(), make_movie())
    before = tables()

    call_command("migrate", "recommendations", "zero", verbosity=0)

    assert before - tables() == TABLES
    call_command("migrate", "recommendations", verbosity=0)
    assert tables() == before
    assert not OutsideRating.objects.exists()


@pytest.mark.parametrize("half_stars", [0, 11, -1, 40_000])
def test_stars_have_limits(half_stars: int) -> None:
    with pytest.raises((IntegrityError, DataError)):
        rate(half_stars)


def test_nobody_rates_a_film_twice() -> None:
    rate()

    with pytest.raises(IntegrityError, match="outside_rating_once_per_movie"):
        rate(3)


def test_a_film_is_there_once() -> None:
    OutsideFilm.objects.create(source="movielens", tmdb_id=603, genres=[])

    with pytest.raises(IntegrityError, match="outside_film_once"):
        OutsideFilm.objects.create(source="movielens", tmdb_id=603, genres=["War"])
