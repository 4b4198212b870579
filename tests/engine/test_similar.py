import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import FilmFacts, Picks, build_catalogue, similar
from tests.engine.films import ADA, BO, CATALOGUE, SPACE, film, film_lists, laws


def test_it_works() -> None:
    found = similar(CATALOGUE, 1, 5)

    assert [near.id for near in found] == [2, 3]
    assert found[0].genres == (SPACE,)
    assert found[0].keywords == (11, 12)
    assert found[0].cast == (BO,)
    assert found[0].directors == (ADA,)


def test_it_names_what_is_shared_rarest_first() -> None:
    asked = film(1, keywords=(5, 6))
    others = [film(2, keywords=(5, 6)), film(3, keywords=(5,)), film(4, keywords=(5,))]

    assert similar(build_catalogue([asked, *others]), 1, 1)[0].keywords == (6, 5)


def test_it_breaks_ties_by_id() -> None:
    catalogue = build_catalogue([film(i, genres=(1,)) for i in (9, 3, 5, 7)])

    assert [near.id for near in similar(catalogue, 5, 2)] == [3, 7]


def test_it_finds_nothing_like_a_film_of_which_nothing_is_known() -> None:
    assert similar(CATALOGUE, 22, 5) == ()


def test_it_refuses_an_unknown_film() -> None:
    with pytest.raises(ValueError, match="not in the catalogue: 404"):
        similar(CATALOGUE, 404, 5)


def test_it_refuses_a_negative_limit() -> None:
    with pytest.raises(ValueError, match="limit is negative"):
        similar(CATALOGUE, 1, -1)


@laws
@given(film_lists(), st.integers(0, 12))
def test_it_falls_and_never_names_the_film_itself(
    films: list[FilmFacts], limit: int
) -> None:
    asked = films[0].id

    found = similar(build_catalogue(films), asked, limit)

    keys = [(-near.similarity, near.id) for near in found]
    assert keys == sorted(keys)
    assert len(found) <= limit
    assert asked not in [near.id for near in found]
    assert all(0 < near.similarity <= 1 for near in found)


# Who picks both


def picks(scores: dict[int, float], ratings: int = 100) -> Picks:
    """Of a catalogue of films 1 to 5."""
    values = [scores.get(id_, 0.0) for id_ in range(1, 6)]
    return Picks(np.array(values), np.full(5, ratings))


# Film 1 shares two keywords with 2, one with 3, none with 4 and 5.
FIVE = build_catalogue(
    [
        film(1, keywords=(5, 6)),
        film(2, keywords=(5, 6)),
        film(3, keywords=(5,)),
        film(4, keywords=(8,)),
        film(5, keywords=(9,)),
    ]
)


def test_what_is_picked_first_counts_as_what_is_most_alike_by_hand() -> None:
    two, three = (near.similarity for near in similar(FIVE, 1, 5))

    found = similar(FIVE, 1, 5, picks({4: 0.9, 3: 0.3}))

    # w = 10 / (10 + 10); film 4 is picked first, film 3 second
    alike = {near.id: near.similarity for near in found}
    assert alike == pytest.approx({2: two / 2, 4: two / 2, 3: three})
    assert {near.id for near in found if near.picked} == {3, 4}


def test_among_equals_who_picks_them_tells() -> None:
    catalogue = build_catalogue([film(i, genres=(1,)) for i in range(1, 6)])

    found = similar(catalogue, 2, 5, picks({3: 0.1, 4: 0.9, 5: 0.5}))

    assert [near.id for near in found] == [4, 5, 3, 1]
    assert len({near.similarity for near in found[:3]}) == 1


def test_a_film_of_which_nothing_is_known_has_who_picks_it() -> None:
    blank = build_catalogue([film(i) for i in range(1, 6)])

    found = similar(blank, 1, 5, picks({4: 0.9, 3: 0.3}))

    assert [near.id for near in found] == [4, 3]
    assert [near.similarity for near in found] == pytest.approx([0.5, 0.5 / 3])


def test_the_more_ratings_the_more_it_counts() -> None:
    few, many = (similar(FIVE, 1, 5, picks({4: 0.9}, ratings)) for ratings in (5, 500))

    assert few[0].id == 2
    assert many[0].id == 4


def test_below_five_ratings_it_does_not_count() -> None:
    assert similar(FIVE, 1, 5, picks({4: 0.9}, 4)) == similar(FIVE, 1, 5)


def test_what_is_not_picked_is_not_named() -> None:
    found = similar(FIVE, 1, 5, picks({4: -0.5, 5: 0.0}, 500))

    assert [near.id for near in found] == [2, 3]
    assert not any(near.picked for near in found)


def test_the_film_itself_is_no_pick() -> None:
    assert 1 not in [near.id for near in similar(FIVE, 1, 5, picks({1: 9.0}, 500))]


def test_equal_picks_go_by_id() -> None:
    found = similar(FIVE, 1, 1, picks({5: 0.5, 4: 0.5}, 500))

    assert [near.id for near in found] == [4]
