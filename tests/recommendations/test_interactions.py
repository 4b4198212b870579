"""What is learned from: whose ratings, as which arrays."""

from datetime import UTC, datetime

import numpy as np
import pytest

from nexus.accounts.models import User
from nexus.recommendations.interactions import Interactions, read_interactions
from nexus.recommendations.models import OutsideFilm, OutsideRating, Source
from tests.builders import NOW, make_movie, make_rating, make_user
from tests.query_count import count_queries
from tests.recommendations.crowd import store_crowd

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def read() -> Interactions:
    return read_interactions(told=lambda done, total: None)


def rate_outside(user: int, film: int, *, half_stars: int = 7) -> OutsideRating:
    return OutsideRating.objects.create(
        source=Source.MOVIELENS,
        source_user=user,
        tmdb_id=film,
        half_stars=half_stars,
        rated_at=LONG_AGO,
    )


def test_it_works(owner: User) -> None:
    make_rating(owner, make_movie(604), stars=4.5)
    make_rating(owner, make_movie(603), stars=0.5)
    rate_outside(1, 603)
    rate_outside(2, 77)
    OutsideFilm.objects.create(source="movielens", tmdb_id=77, genres=["War"])

    found = read()

    now = int(NOW.timestamp())
    assert found.people.tolist() == [-2, -1, owner.pk, owner.pk]
    assert found.films.tolist() == [77, 603, 603, 604]
    assert found.half_stars.tolist() == [7, 7, 1, 9]
    assert found.moments.tolist() == [10**9, 10**9, now, now]
    assert found.groups == {77: ("War",)}
    assert (found.people_count, found.members_count, found.films_count) == (3, 1, 3)


def test_it_takes_21_bytes_a_rating() -> None:
    store_crowd()

    found = read()

    columns = (found.people, found.films, found.half_stars, found.moments)
    assert sum(column.itemsize for column in columns) == 21
    assert all(column.size == len(found) for column in columns)


def test_there_may_be_none() -> None:
    assert len(read()) == 0


def test_who_left_or_was_shut_out_is_not_learned_from() -> None:
    film = make_movie()
    make_rating(make_user(is_active=False), film)
    make_rating(make_user(closed_at=NOW), film)
    stays = make_user()
    make_rating(stays, film)

    assert read().people.tolist() == [stays.pk]


def test_the_engine_gets_stars(owner: User) -> None:
    make_rating(owner, make_movie(603), stars=4.5)
    rate_outside(1, 603)

    found = read().ratings(np.array([False, True]))

    assert (found.users.tolist(), found.stars.tolist()) == ([owner.pk], [4.5])
    assert found.order is not None
    assert found.order.tolist() == [NOW.timestamp() // 1]


def test_the_order_of_rows_does_not_matter() -> None:
    for user, film in ((1, 603), (2, 604), (1, 605)):
        rate_outside(user, film)
    before = read().fingerprint()
    OutsideRating.objects.all().delete()
    for user, film in ((2, 604), (1, 605), (1, 603)):
        rate_outside(user, film)

    assert read().fingerprint() == before


def test_its_fingerprint_sees_every_change() -> None:
    row = rate_outside(1, 603)
    film = OutsideFilm.objects.create(source="movielens", tmdb_id=603, genres=["War"])
    found = {read().fingerprint(), read().fingerprint(1), read().fingerprint(2)}
    for name, value in (("source_user", 2), ("tmdb_id", 4), ("half_stars", 1)):
        OutsideRating.objects.filter(pk=row.pk).update(**{name: value})
        found.add(read().fingerprint())
    OutsideRating.objects.update(rated_at=NOW)
    found.add(read().fingerprint())
    OutsideFilm.objects.filter(pk=film.pk).update(genres=["Peace"])
    found.add(read().fingerprint())

    assert len(found) == 8


def test_it_tells_how_far_it_is() -> None:
    store_crowd()
    told: list[tuple[int, int]] = []

    found = read_interactions(told=lambda done, total: told.append((done, total)))

    assert told[-1] == (len(found), len(found))


@pytest.mark.parametrize("rows", [1, 10, 100])
def test_it_asks_for_no_row_alone(rows: int) -> None:
    for user in range(1, rows + 1):
        rate_outside(user, 603)

    assert count_queries(read) == 5
