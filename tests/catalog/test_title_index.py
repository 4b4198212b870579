"""How films get what they are found by, beside others who use them."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from django.db import OperationalError, connection

from nexus.catalog import title_index
from nexus.catalog.models import Movie
from nexus.catalog.title_index import derive_anew
from tests.builders import make_movie
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(database_url())) as found:
        yield found


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Films that an older version stored, for somebody who is in a hurry."""
    monkeypatch.setattr(title_index, "AT_ONCE", 1)
    ids = [make_movie(title=title).pk for title in ("Spider-Man", "X-Men")]
    Movie.objects.update(sort_title="other")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    yield ids
    connection.close()


def sort_titles() -> list[str]:
    return list(Movie.objects.order_by("id").values_list("sort_title", flat=True))


def test_what_is_done_before_an_interruption_is_kept(
    older: list[int], other: psycopg.Connection
) -> None:
    other.execute("SELECT FROM catalog_movie WHERE id = %s FOR UPDATE", [older[1]])

    with pytest.raises(OperationalError):
        derive_anew()

    assert sort_titles() == ["spider man", "other"]


def test_nobody_who_rates_a_film_is_waited_for(
    older: list[int], other: psycopg.Connection
) -> None:
    other.execute("SELECT FROM catalog_movie FOR KEY SHARE")

    assert derive_anew() == 2
    assert sort_titles() == ["spider man", "x men"]
