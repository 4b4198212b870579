"""A film that the purge cannot empty, or delete, holds up no other one."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog import upkeep
from nexus.catalog.models import Movie
from tests.builders import NOW, make_movie, make_rating

pytestmark = pytest.mark.django_db

BAD, GOOD, LAST = 910_021, 910_022, 910_023
DAY = timedelta(days=1)


def refuse(what: str) -> None:
    """Let the database refuse to change the bad film so, UPDATE or DELETE."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'a detail of the row'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE {what} ON catalog_movie FOR EACH ROW"
            f" WHEN (OLD.id = {BAD}) EXECUTE FUNCTION refuse()"
        )


@pytest.fixture
def old_films() -> None:
    for days, movie_id in [(190, BAD), (185, GOOD), (176, LAST)]:
        make_movie(movie_id, title="Told", fetched_at=NOW - days * DAY)


def titles() -> dict[int, str]:
    return dict(Movie.objects.values_list("id", "title"))


def test_it_works(old_films: None, caplog: pytest.LogCaptureFixture) -> None:
    refuse("UPDATE")

    with pytest.raises(DatabaseError, match="a detail"):
        upkeep.purge_old_movies(now=NOW)

    assert titles() == {BAD: "Told", GOOD: f"Film {GOOD}", LAST: f"Film {LAST}"}
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert str(BAD) in record.getMessage()
    assert "Error" in record.getMessage()
    assert "a detail" not in record.getMessage()


def test_what_was_given_up_is_deleted_nevertheless(old_films: None) -> None:
    upkeep.purge_old_movies(now=NOW)
    refuse("DELETE")

    with pytest.raises(DatabaseError):
        upkeep.purge_old_movies(now=NOW + 2 * DAY)

    assert list(titles()) == [BAD]


def test_it_is_tried_again(old_films: None) -> None:
    refuse("UPDATE")
    with pytest.raises(DatabaseError):
        upkeep.purge_old_movies(now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse ON catalog_movie")

    upkeep.purge_old_movies(now=NOW)

    assert titles()[BAD] == f"Film {BAD}"


# At the start


def test_every_start_purges(owner: User) -> None:
    old, young = (
        make_movie(title="Told", fetched_at=timezone.now() - days * DAY)
        for days in (181, 150)
    )
    make_rating(owner, old)

    call_command("prepare")

    held = titles()
    assert held[old.pk] == f"Film {old.pk}"
    assert held[young.pk] == "Told"


def test_a_film_that_cannot_be_purged_does_not_keep_it_from_starting(
    old_films: None,
) -> None:
    refuse("UPDATE")

    call_command("prepare")

    held = titles()
    assert (held[BAD], held[GOOD]) == ("Told", f"Film {GOOD}")
