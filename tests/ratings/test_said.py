"""Every change of what a member says is noted, by whatever hand."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from django.db import connection, connections, models, transaction
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.ratings.models import (
    GenrePreference,
    HiddenMovie,
    MoviePreference,
    PersonPreference,
    Rating,
    Said,
    Viewing,
)
from nexus.recommendations.members import SAID, version_said
from tests.builders import (
    make_genres,
    make_movie,
    make_person,
    make_rating,
    make_user,
    make_viewing,
)
from tests.launch.program import wait_until
from tests.servers import database_url

pytestmark = pytest.mark.django_db

WAYS: dict[type[models.Model], Callable[[User, Movie], object]] = {
    Rating: make_rating,
    Viewing: make_viewing,
    HiddenMovie: lambda user, movie: HiddenMovie.objects.create(
        user=user, movie=movie, created_at=timezone.now()
    ),
    MoviePreference: lambda user, movie: MoviePreference.objects.create(
        user=user, movie=movie
    ),
    GenrePreference: lambda user, _: GenrePreference.objects.create(
        user=user, genre_id=28
    ),
    PersonPreference: lambda user, _: PersonPreference.objects.create(
        user=user, person=make_person("Jean Reno")
    ),
}
every_way = pytest.mark.parametrize(
    ("model", "say"), WAYS.items(), ids=[model.__name__ for model in WAYS]
)


@pytest.fixture
def alice(db: None) -> User:
    make_genres()
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    return make_user("bob")


@pytest.fixture
def movie(db: None) -> Movie:
    return make_movie(1, title="Heat")


class Versions:
    """Those of a member, one after another."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.seen: list[UUID | None] = [version_said(user)]

    def changes_by(self, act: Callable[[], object]) -> bool:
        act()
        self.seen.append(version_said(self.user))
        return self.seen[-1] not in self.seen[:-1]


def every(model: type[models.Model]) -> models.QuerySet[models.Model]:
    return model._default_manager.all()


@every_way
def test_it_notes_each_change(
    alice: User,
    movie: Movie,
    model: type[models.Model],
    say: Callable[[User, Movie], object],
) -> None:
    versions = Versions(alice)

    assert versions.seen == [None]
    assert versions.changes_by(lambda: say(alice, movie))
    assert versions.changes_by(lambda: every(model).update(user_id=alice.pk))
    assert versions.changes_by(lambda: every(model).delete())


@every_way
def test_it_leaves_others_alone(
    alice: User,
    bob: User,
    movie: Movie,
    model: type[models.Model],
    say: Callable[[User, Movie], object],
) -> None:
    versions = Versions(bob)

    assert not versions.changes_by(lambda: say(alice, movie))
    assert not versions.changes_by(lambda: every(model).delete())


def test_what_changes_hands_is_noted_for_both(
    alice: User, bob: User, movie: Movie
) -> None:
    rating = make_rating(alice, movie)
    both = Versions(alice), Versions(bob)

    Rating.objects.filter(pk=rating.pk).update(user=bob)

    assert [one.changes_by(lambda: None) for one in both] == [True, True]


def test_what_was_undone_was_not_said(alice: User, movie: Movie) -> None:
    make_rating(alice, movie)
    before = version_said(alice)

    with transaction.atomic():
        Rating.objects.filter(user=alice).delete()
        transaction.set_rollback(True)

    assert version_said(alice) == before


def test_nothing_stays_of_a_member_who_is_gone(alice: User, movie: Movie) -> None:
    for say in WAYS.values():
        say(alice, movie)

    alice.delete()

    assert not Said.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_erases_a_member_waits_for_nothing_new_that_they_say(alice: User) -> None:
    make_rating(alice, make_movie())
    another = make_movie()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=alice.pk)
            saying = pool.submit(say_aside, alice, another)
            with psycopg.connect(database_url(), autocommit=True) as watcher:
                wait_until(lambda: somebody_waits(watcher))
            Rating.objects.filter(user=alice).delete()
        saying.result()

    assert [one.movie_id for one in Rating.objects.all()] == [another.pk]


def say_aside(user: User, movie: Movie) -> None:
    try:
        make_rating(user, movie)
    finally:
        connections.close_all()


def somebody_waits(watcher: psycopg.Connection) -> bool:
    found = watcher.execute(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return found.fetchone() is not None


def test_all_that_is_read_for_a_taste_is_noted(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgname = 'note_said' AND tgenabled = 'O'"
        )
        noted = {name for (name,) in cursor.fetchall()}

    assert noted == set(re.findall(r"\bratings_\w+", SAID))
    assert noted == {model._meta.db_table for model in WAYS}
