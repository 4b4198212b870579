import math

import pytest

from nexus.engine import Taste
from nexus.engine.taste import place
from tests.engine.films import CATALOGUE


@pytest.mark.parametrize("stars", [0, 0.4, 5.5, -1, math.nan, math.inf])
def test_it_refuses_stars_outside_the_scale(stars: float) -> None:
    with pytest.raises(ValueError, match="film 7"):
        Taste(rated={7: stars})


def test_it_takes_the_ends_of_the_scale() -> None:
    assert Taste(rated={1: 0.5, 2: 5.0}).seen == {1, 2}


def test_it_counts_rated_and_watched_films_as_seen() -> None:
    assert Taste(rated={1: 3.0}, watched=[2, 1], movies=[9]).seen == {1, 2}


def test_it_places_the_films_and_ignores_unknown_ones() -> None:
    known = place(CATALOGUE, Taste(rated={11: 2.0, 404: 5.0, 1: 4.0}, movies=[500]))

    assert CATALOGUE.ids[known.rated].tolist() == [1, 11]
    assert known.stars.tolist() == [4.0, 2.0]
    assert known.liked.size == 0


def test_it_takes_a_declared_film_that_is_rated_for_rated() -> None:
    known = place(CATALOGUE, Taste(rated={1: 2.0}, movies=[2, 1, 2]))

    assert CATALOGUE.ids[known.liked].tolist() == [2]
