"""Summaries are written once for each version of a film, and told as it is now."""

from collections.abc import Sequence

import orjson
import pytest
from django.db import connection

from nexus.api import summaries
from nexus.api.summaries import Summaries
from nexus.catalog.models import Genre, Movie
from nexus.catalog.queries import forget_copies
from nexus.catalog.rows import Version, read_with_versions
from tests.builders import make_movie
from tests.query_count import count_queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("genres")]


def versions_of(ids: Sequence[int]) -> list[Version]:
    found = {version[0]: version for version, _ in read_with_versions(ids)}
    return [found[id_] for id_ in ids]


def told(known: Summaries, *ids: int) -> list[dict[str, object]]:
    films: list[dict[str, object]] = orjson.loads(
        orjson.dumps(known.of(versions_of(ids)))
    )
    return films


def titles(known: Summaries, *ids: int) -> list[object]:
    return [film["title"] for film in told(known, *ids)]


def test_it_reads_a_film_once() -> None:
    known, ids = Summaries(), [make_movie(title=title).pk for title in "AB"]
    first = titles(known, *ids)

    # Those of the versions and of the genres' names.
    assert count_queries(lambda: titles(known, *ids)) == 2
    assert titles(known, *reversed(ids)) == first[::-1] == ["B", "A"]


def test_a_film_that_changed_is_read_again_whoever_changed_it() -> None:
    known, film = Summaries(), make_movie(title="Old").pk
    before = titles(known, film)

    Movie.objects.filter(id=film).update(title="New")
    after = titles(known, film)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_movie SET title = 'Newest'")

    assert (before, after, titles(known, film)) == (["Old"], ["New"], ["Newest"])


def test_a_film_that_changed_meanwhile_is_told_as_it_is() -> None:
    known, film = Summaries(), make_movie(title="Old").pk
    versions = versions_of([film])
    Movie.objects.filter(id=film).update(title="New")

    [summary] = orjson.loads(orjson.dumps(known.of(versions)))

    assert summary["title"] == "New"
    assert versions[0] not in known.kept


def test_a_film_that_was_deleted_meanwhile_is_left_out() -> None:
    known, films = Summaries(), [make_movie(title=title) for title in "AB"]
    versions = versions_of([film.pk for film in films])
    films[0].delete()

    found = orjson.loads(orjson.dumps(known.of(versions)))

    assert [film["title"] for film in found] == ["B"]


def test_a_genre_that_was_renamed_is_told_by_its_new_name() -> None:
    known, film = Summaries(), make_movie(genres=[18]).pk
    told(known, film)
    Genre.objects.filter(id=18).update(name="Tragedy")
    forget_copies()

    [summary] = told(known, film)

    assert summary["genres"] == [{"id": 18, "name": "Tragedy"}]


def test_those_not_used_for_the_longest_time_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summaries, "MOST_KEPT", 2)
    known, ids = Summaries(), [make_movie().pk for _ in range(3)]
    told(known, *ids[:2])
    told(known, ids[0])

    told(known, ids[2])

    assert {id_ for id_, *_ in known.kept} == {ids[0], ids[2]}
