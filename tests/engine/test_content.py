import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import FilmFacts, build_catalogue
from nexus.engine.content import (
    BLOCK,
    coverage,
    similarities,
    similarity_lines,
    year_factor,
)
from tests.engine.films import film, film_lists, laws

NAN = float("nan")


def alike(*films: FilmFacts) -> float:
    """content(i, j) of the first two, in a catalogue of all."""
    catalogue = build_catalogue(films)
    rows = catalogue.rows_of([films[0].id]), catalogue.rows_of([films[1].id])
    return float(similarities(catalogue.content, *rows)[0, 0])


def test_it_is_the_weighted_sum_of_cosines_by_hand() -> None:
    one = film(1, year=2000, genres=(1,), keywords=(5, 6), cast=(7,), directors=(8,))
    two = film(2, year=2020, genres=(1,), keywords=(5,), cast=(7,), directors=(9,))

    common, rare = 1.0, math.log(3 / 2) + 1
    cosine = common / math.hypot(common, rare)
    expected = (0.30 + 0.35 * cosine + 0.15) * (0.7 + 0.3 * math.exp(-1))
    assert alike(one, two) == pytest.approx(expected)


def test_it_is_one_for_twins() -> None:
    facts = {"year": 1980, "genres": (1, 2), "keywords": (3,), "cast": (4, 5)}
    one, two = film(1, directors=(6,), **facts), film(2, directors=(6,), **facts)

    assert alike(one, two) == pytest.approx(1.0)


def test_it_is_nothing_where_nothing_is_known() -> None:
    assert alike(film(1), film(2)) == 0
    assert alike(film(1), film(2, genres=(1,), keywords=(2,))) == 0


def test_it_counts_a_missing_field_for_less_by_hand() -> None:
    one, two = film(1, year=2000, genres=(1,)), film(2, year=2000, genres=(1,))

    assert alike(one, two) == pytest.approx(0.30 / (0.30 + 0.8 * 0.70))


def test_it_tells_near_from_far_without_keywords() -> None:
    asked = film(1, year=2000, genres=(1, 2), cast=(5, 6), directors=(8,))
    near = film(2, year=2001, genres=(1, 2), cast=(5,), directors=(8,))
    middle = film(3, year=2001, genres=(1, 2), cast=(9,), directors=(7,))
    far = film(4, year=2001, genres=(3,), cast=(4,), directors=(6,))

    assert alike(asked, near, middle, far) > alike(asked, middle, near, far) + 0.1
    assert alike(asked, middle, near, far) > alike(asked, far, near, middle) == 0


def test_it_prefers_a_film_known_well_to_one_known_by_genre_only() -> None:
    known = {"year": 2000, "genres": (1, 2), "cast": (3,), "directors": (4,)}
    asked = film(1, keywords=(11, 12, 13), **known)
    near = film(2, keywords=(11, 12, 14), **{**known, "directors": (5,)})
    barely = film(3, year=2000, genres=(1, 2))

    assert alike(asked, near, barely) > alike(asked, barely, near)


def test_it_fades_with_the_years_by_hand() -> None:
    factors = year_factor(2000.0, np.array([2000.0, 1980.0, 2020.0, NAN]))

    faded = 0.7 + 0.3 * math.exp(-1)
    assert factors == pytest.approx([1.0, faded, faded, 0.85])
    assert year_factor(NAN, np.array([NAN, 1950.0])).tolist() == [0.85, 0.85]


def test_it_covers_what_both_know_by_hand() -> None:
    known = np.array([True, True, False, True])
    others = np.array([[True, True, True, True], [True, False, False, False]])

    expected = [0.85 + 0.8 * 0.15, 0.30 + 0.8 * 0.70]
    assert coverage(known, others) == pytest.approx(expected)


@laws
@given(film_lists())
def test_it_is_symmetric_and_a_share(films: list[FilmFacts]) -> None:
    catalogue = build_catalogue(films)
    rows = np.arange(len(catalogue))

    found = similarities(catalogue.content, rows, rows)

    assert (found == found.T).all()
    assert ((found >= 0) & (found <= 1)).all()


@laws
@given(film_lists(), st.data())
def test_it_is_the_same_for_any_choice_of_films(
    films: list[FilmFacts], data: st.DataObject
) -> None:
    catalogue = build_catalogue(films)
    rows = np.arange(len(catalogue))
    some = np.array(
        data.draw(st.lists(st.sampled_from(range(len(films))), unique=True)), np.int64
    )

    everything = similarities(catalogue.content, rows, rows)

    assert (similarities(catalogue.content, some, rows) == everything[some]).all()
    assert (similarities(catalogue.content, rows, some) == everything[:, some]).all()


def test_it_works_through_more_rows_than_a_block() -> None:
    films = [film(i, year=1990 + i, genres=(i % 3,)) for i in range(2 * BLOCK + 3)]
    content = build_catalogue(films).content
    rows = np.arange(len(films))

    lines = list(similarity_lines(content, rows))

    assert len(lines) == len(films)
    assert (np.stack(lines) == similarities(content, rows, rows)).all()
    for row in (0, BLOCK, 2 * BLOCK + 2):
        assert (lines[row] == similarities(content, rows[[row]], rows)[0]).all()


def test_it_looks_for_equal_rows_of_many_films(monkeypatch: pytest.MonkeyPatch) -> None:
    films = [film(i, year=1990 + i % 2, genres=(i % 3, 7)) for i in range(20)]
    few = build_catalogue(films).content
    monkeypatch.setattr("nexus.engine.content.MANY", 20)

    many = build_catalogue(films).content

    rows = np.arange(20)
    assert (few.genres.shape[0], len(few.years)) == (20, 20)
    assert (many.genres.shape[0], len(many.years)) == (3, 2)
    assert (similarities(many, rows, rows) == similarities(few, rows, rows)).all()


def test_it_compares_nothing_with_nothing() -> None:
    content = build_catalogue([film(1), film(2)]).content
    nothing, rows = np.array([], np.int64), np.arange(2)

    assert similarities(content, rows, nothing).shape == (2, 0)
    assert similarities(content, nothing, rows).shape == (0, 2)
