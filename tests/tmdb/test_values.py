"""How single values of an answer are cleaned, seen through `movie`."""

import json
from dataclasses import asdict
from datetime import date

import httpx
import pytest

from tests.tmdb.transports import FILM, film, tmdb_that_answers


@pytest.mark.parametrize(
    "name",
    [
        "overview",
        "tagline",
        "status",
        "imdb_id",
        "release_date",
        "poster_path",
        "backdrop_path",
        "original_language",
    ],
)
@pytest.mark.parametrize("value", ["", "  ", "\x00", None, 0, 7, [], {}])
def test_it_reads_an_unknown_text_as_none(name: str, value: object) -> None:
    movie = tmdb_that_answers(film(**{name: value})).movie(603)

    assert getattr(movie, name) is None


@pytest.mark.parametrize("value", [0, -5, None, "136", True, 136.5, [], 10**30])
def test_it_reads_an_unknown_runtime_as_none(value: object) -> None:
    assert tmdb_that_answers(film(runtime=value)).movie(603).runtime is None


@pytest.mark.parametrize("name", ["budget", "revenue", "homepage"])
@pytest.mark.parametrize("value", [0, "", -1, None, "x", 10**30, "javascript:alert(1)"])
def test_it_leaves_unknown_extras_out(name: str, value: object) -> None:
    assert name not in tmdb_that_answers(film(**{name: value})).movie(603).extra


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400]
)
@pytest.mark.parametrize("name", ["runtime", "popularity", "vote_average", "budget"])
def test_it_reads_a_number_out_of_range_as_none(name: str, literal: str) -> None:
    body = json.dumps(FILM)[:-1] + f', "{name}": {literal}}}'

    movie = tmdb_that_answers(httpx.Response(200, content=body)).movie(603)

    assert getattr(movie, name, None) is None
    assert name not in movie.extra


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1999-03-31", date(1999, 3, 31)),
        ("1999-02-29", None),
        ("0000-00-00", None),
        ("19990331", None),
        ("1999-W13-3", None),
        ("1999-03-31T00:00:00Z", None),
        ("1999", None),
        ("soon", None),
        (20_000_101, None),
    ],
)
def test_it_reads_dates(said: object, meant: date | None) -> None:
    assert tmdb_that_answers(film(release_date=said)).movie(603).release_date == meant


@pytest.mark.parametrize(
    ("average", "count", "meant"),
    [
        (7.5, 3, 7.5),
        (8, 3, 8.0),
        (0.0, 0, None),
        (7.5, 0, None),
        (0, None, None),
        (11, 3, None),
        (-1, 3, None),
        ("7.5", 3, None),
        (True, 3, None),
    ],
)
def test_it_reads_the_vote_average(
    average: object, count: object, meant: float | None
) -> None:
    answer = film(vote_average=average, vote_count=count)

    assert tmdb_that_answers(answer).movie(603).vote_average == meant


@pytest.mark.parametrize("value", [0, -1, None, "", "3", True, 2**31])
def test_it_reads_no_votes_as_none(value: object) -> None:
    assert tmdb_that_answers(film(vote_count=value)).movie(603).vote_count is None


def test_it_reads_the_leanest_film_as_one_of_which_nothing_is_known() -> None:
    movie = tmdb_that_answers(httpx.Response(200, json=FILM)).movie(603)

    known = {name for name, value in asdict(movie).items() if value is not None}
    assert known == {
        *("tmdb_id", "title", "adult", "genres", "genre_ids"),
        *("missing_blocks", "extra"),
    }
    assert (movie.genres, movie.genre_ids) == ((), ())
    assert movie.extra == {}


def test_it_reads_the_leanest_entry_of_a_list_as_one_of_which_nothing_is_known() -> (
    None
):
    answer = httpx.Response(200, json={"results": [FILM]})

    (movie,) = tmdb_that_answers(answer).trending("day").results

    known = {name for name, value in asdict(movie).items() if value is not None}
    assert known == {"tmdb_id", "title", "adult", "genre_ids"}
    assert movie.genre_ids == ()


def test_it_removes_what_postgresql_cannot_store() -> None:
    body = json.dumps(FILM | {"title": "a\x00b\ud83dc", "overview": "ok \U0001f600"})

    movie = tmdb_that_answers(httpx.Response(200, content=body)).movie(603)

    assert movie.title == "abc"
    assert movie.overview == "ok \U0001f600"


@pytest.mark.parametrize(
    "path", ["poster.jpg", "//evil.test/a.jpg", "/../a.jpg", "/a b.jpg", "/a.jpg?x=1"]
)
def test_it_ignores_paths_that_are_no_image(path: str) -> None:
    assert tmdb_that_answers(film(poster_path=path)).movie(603).poster_path is None


@pytest.mark.parametrize("said", ["0133093", "tt", "tt12/../x", "nm0000206"])
def test_it_ignores_ids_that_are_not_imdbs(said: str) -> None:
    assert tmdb_that_answers(film(imdb_id=said)).movie(603).imdb_id is None


@pytest.mark.parametrize(
    ("said", "meant"), [(True, True), (False, False), (None, False), ("true", False)]
)
def test_it_reads_the_adult_mark(said: object, meant: bool) -> None:
    assert tmdb_that_answers(film(adult=said)).movie(603).adult is meant


def test_it_reads_genres_once_each() -> None:
    named = [{"id": 18, "name": "Drama"}] * 2 + [
        {"id": -1, "name": "x"},
        {"id": 35},
        None,
    ]

    movie = tmdb_that_answers(film(genres=named)).movie(603)

    assert movie.genre_ids == (18,)


def test_it_gives_answers_that_can_be_compared_and_hashed() -> None:
    first, second = tmdb_that_answers(film(), film()), tmdb_that_answers(film(budget=5))

    same = first.movie(603)

    assert same == first.movie(603)
    assert same != second.movie(603)
    assert len({same}) == 1
