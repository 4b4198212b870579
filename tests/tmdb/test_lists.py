"""The small answers: genres, changes, people and the configuration."""

from datetime import date

import httpx
import pytest

from nexus.tmdb import Genre, Tmdb, TmdbNonsense, TmdbNotFound, TmdbPersonNotFound
from tests.tmdb import shapes
from tests.tmdb.transports import tmdb_that_answers
from tests.tmdb_server import TmdbServer

MONDAY, TUESDAY = date(2025, 3, 3), date(2025, 3, 4)


def test_it_lists_genres(tmdb: Tmdb) -> None:
    genres = tmdb.genres()

    assert Genre(878, "Science Fiction") in genres
    assert len(genres) == 14


@pytest.mark.parametrize("genres", [None, "Drama", [1, 2], [{"id": 1}]])
def test_it_refuses_genres_that_cannot_be_read(genres: object) -> None:
    answer = httpx.Response(200, json={"genres": genres})

    with pytest.raises(TmdbNonsense):
        tmdb_that_answers(answer).genres()


def test_it_lists_changed_movies(tmdb: Tmdb, server: TmdbServer) -> None:
    server.change_movie(603, tagline="Free your mind")
    server.change_movie(550, runtime=140)
    server.change_movie(603, runtime=137)

    changes = tmdb.changes(MONDAY, TUESDAY)

    assert changes.tmdb_ids == (603, 550)
    assert server.asked[0].params["start_date"] == "2025-03-03"
    assert server.asked[0].params["end_date"] == "2025-03-04"


def test_it_lists_no_changes(tmdb: Tmdb) -> None:
    assert tmdb.changes(MONDAY, MONDAY).tmdb_ids == ()


@pytest.mark.parametrize("end_on", [date(2025, 3, 2), date(2025, 3, 18)])
def test_it_does_not_ask_for_a_bad_span(
    tmdb: Tmdb, server: TmdbServer, end_on: date
) -> None:
    with pytest.raises(ValueError, match="14 days"):
        tmdb.changes(MONDAY, end_on)

    assert not server.calls


def test_it_does_not_ask_for_a_page_of_changes_out_of_range(tmdb: Tmdb) -> None:
    with pytest.raises(ValueError, match="pages"):
        tmdb.changes(MONDAY, TUESDAY, 0)


def test_it_reads_a_person(tmdb: Tmdb) -> None:
    number = shapes.people("Keanu Reeves")

    person = tmdb.person(number)

    assert (person.tmdb_id, person.name) == (number, "Keanu Reeves")
    assert person.also_known_as == ("K. Reeves",)
    assert person.born_on == date(1960, 2, 29)
    assert (person.died_on, person.birthplace) == (None, None)
    assert person.imdb_id == f"nm{number:07d}"


@pytest.mark.parametrize("number", [0, 999_999, 2**31])
def test_it_raises_not_found_for_nobody(tmdb: Tmdb, number: int) -> None:
    with pytest.raises(TmdbPersonNotFound) as caught:
        tmdb.person(number)

    assert caught.value.code == "person_not_found"
    assert isinstance(caught.value, TmdbNotFound)


@pytest.mark.parametrize("changed", [{"id": 2}, {"name": ""}, {"name": None}])
def test_it_refuses_another_thing_than_the_person(changed: dict[str, object]) -> None:
    answer = httpx.Response(200, json={"id": 1, "name": "Someone"} | changed)

    with pytest.raises(TmdbNonsense):
        tmdb_that_answers(answer).person(1)


def test_it_reads_the_configuration(tmdb: Tmdb) -> None:
    configuration = tmdb.configuration()

    assert configuration.image_base_url == "https://images.test/t/p/"
    assert configuration.poster_sizes == ("w185", "w500", "original")


@pytest.mark.parametrize("images", [None, [], {}, {"secure_base_url": "ftp://x"}])
def test_it_refuses_a_configuration_without_images(images: object) -> None:
    answer = httpx.Response(200, json={"images": images})

    with pytest.raises(TmdbNonsense):
        tmdb_that_answers(answer).configuration()
