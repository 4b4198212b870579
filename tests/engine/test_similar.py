import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import FilmFacts, build_catalogue, similar
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
