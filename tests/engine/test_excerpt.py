"""Some films weighed as a larger catalogue weighs them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import (
    Catalogue,
    FilmFacts,
    Picks,
    RulesScores,
    Taste,
    build_catalogue,
    explain_by_rules,
    score_by_rules,
    similar,
)
from nexus.engine.content import similarities
from tests.engine.films import (
    ADA,
    BO,
    SPACE,
    film,
    film_lists,
    laws,
    love_film,
    space_film,
    tastes,
)

STRANGE = 77


def alike(catalogue: Catalogue, one: int, other: int) -> float:
    rows = catalogue.rows_of([one]), catalogue.rows_of([other])
    return float(similarities(catalogue.content, *rows)[0, 0])


def by_id(scores: RulesScores) -> dict[int, tuple[float, ...]]:
    parts = (scores.genre_affinity, scores.rating_history, scores.match.like)
    return dict(zip(scores.ids.tolist(), zip(*parts, strict=True), strict=True))


@laws
@given(film_lists(min_size=4), tastes(st.integers(1, 40)), st.data())
def test_it_explains_as_the_catalogue_it_is_taken_from(
    films: list[FilmFacts], taste: Taste, data: st.DataObject
) -> None:
    asked = data.draw(st.sampled_from(films))
    judged = {*taste.rated, *taste.movies}
    some = [one for one in films if one is asked or one.id in judged]
    whole = build_catalogue(films)

    excerpt = build_catalogue(some, weighed_as=whole)

    found = explain_by_rules(excerpt, taste, asked.id)
    assert found == explain_by_rules(whole, taste, asked.id)


def test_a_film_that_is_new_to_it_is_as_rare_as_can_be_by_hand() -> None:
    whole = build_catalogue([film(1, keywords=(7,)), film(2, keywords=(8,))])

    excerpt = build_catalogue([film(3, keywords=(7, STRANGE))], weighed_as=whole)

    known, new = np.log(3 / 2) + 1, np.log(3 / 1) + 1
    length = np.hypot(known, new)
    expected = {7: known / length, STRANGE: new / length}
    assert excerpt.keywords.weights_of(0) == pytest.approx(expected)
    assert excerpt.keywords.films_with(STRANGE).tolist() == [0]
    assert excerpt.keywords.films_with(8).tolist() == []


def test_an_obscure_film_is_less_known_than_any() -> None:
    whole = build_catalogue([film(i, popularity=100.0 * i) for i in (1, 2, 3)])

    excerpt = build_catalogue([film(9, popularity=5.0), film(10)], weighed_as=whole)

    assert excerpt.popularity.tolist() == [0.0, 0.5]
    assert excerpt.usual_quality == whole.usual_quality


def test_two_films_may_share_what_no_other_has() -> None:
    whole = build_catalogue([space_film(1), love_film(2)])
    pair = [film(8, keywords=(STRANGE,)), film(9, keywords=(STRANGE,))]

    assert alike(build_catalogue(pair, weighed_as=whole), 8, 9) > 0.3


def test_it_takes_people_who_are_known_by_name_only() -> None:
    whole = build_catalogue([film(1, cast=(-5, 7)), film(2, cast=(7,))])

    excerpt = build_catalogue([film(3, cast=(-9, -5, -1, 7, 9))], weighed_as=whole)

    assert set(excerpt.cast.weights_of(0)) == {-9, -5, -1, 7, 9}
    assert excerpt.cast.ids.tolist() == [-5, 7, -9, -1, 9]


# Films beyond the catalogue that the member judged


@laws
@given(film_lists(min_size=4), tastes(st.integers(1, 40)), st.integers(1, 3))
def test_guests_count_as_if_they_were_here(
    films: list[FilmFacts], taste: Taste, many: int
) -> None:
    inside, beyond = films[many:], films[:many]
    catalogue = build_catalogue(inside)
    guests = build_catalogue(beyond, weighed_as=catalogue)
    everything = build_catalogue(films, weighed_as=catalogue)

    found = by_id(score_by_rules(catalogue, taste, guests=guests))

    expected = by_id(score_by_rules(everything, taste))
    assert found == {
        one.id: pytest.approx(expected[one.id], abs=1e-12) for one in inside
    }


def test_a_liked_guest_lifts_films_like_it() -> None:
    catalogue = build_catalogue([space_film(1), love_film(2)])
    guests = build_catalogue([space_film(9)], weighed_as=catalogue)
    taste = Taste(rated={9: 5.0})

    without, found = (
        by_id(score_by_rules(catalogue, taste, guests=some)) for some in (None, guests)
    )

    assert found[1][1] > without[1][1] == 0
    assert found[2][1] == 0


# Similar titles of a film beyond the catalogue


@laws
@given(film_lists(min_size=3), st.integers(0, 12))
def test_a_guest_has_the_neighbours_it_would_have_here(
    films: list[FilmFacts], limit: int
) -> None:
    asked, *inside = films
    catalogue = build_catalogue(inside)
    guests = build_catalogue([asked], weighed_as=catalogue)

    found = similar(catalogue, asked.id, limit, guests=guests)

    everything = build_catalogue(films, weighed_as=catalogue)
    assert found == similar(everything, asked.id, limit)


def test_a_guest_shares_what_it_shares() -> None:
    catalogue = build_catalogue([space_film(1), love_film(2)])
    guest = space_film(9, keywords=(12, STRANGE))
    guests = build_catalogue([guest], weighed_as=catalogue)

    (found,) = similar(catalogue, 9, 5, guests=guests)

    assert (found.id, found.genres, found.keywords) == (1, (SPACE,), (12,))
    assert (found.cast, found.directors) == ((BO,), (ADA,))


def test_who_picks_a_guest_tells() -> None:
    catalogue = build_catalogue([film(i) for i in (1, 2, 3)])
    guests = build_catalogue([film(9)], weighed_as=catalogue)
    picks = Picks(np.array([0.1, 0.0, 0.9]), np.full(3, 100))

    found = similar(catalogue, 9, 5, picks, guests=guests)

    assert [near.id for near in found] == [3, 1]
