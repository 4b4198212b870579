"""A film that the purge cannot empty, or delete, holds up no other one."""

import logging
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from nexus.catalog import upkeep
from nexus.catalog.models import Movie
from tests.builders import NOW, make_movie

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
