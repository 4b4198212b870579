import numpy as np
import pytest
from hypothesis import given

from nexus.engine import FilmFacts, build_catalogue
from nexus.engine.content import similarities
from nexus.engine.neighbours import (
    closeness,
    nearness,
    neighbourhood,
    neighbourhood_of_all,
)
from tests.engine.films import CATALOGUE, film_lists, laws


def test_it_weighs_by_the_square_between_far_and_close_by_hand() -> None:
    similar = np.array([0.0, 0.15, 0.30, 0.45, 1.0])

    assert closeness(similar) == pytest.approx([0.0, 0.0, 0.25, 1.0, 1.0])


def test_it_sums_weights_and_weighted_stars_by_hand() -> None:
    judged, asked = CATALOGUE.rows_of([1, 3, 11]), CATALOGUE.rows_of([2])
    stars = np.array([5.0, 2.0, 4.0])

    found = neighbourhood(nearness(CATALOGUE.content, asked, judged), stars)

    one, three, _ = closeness(similarities(CATALOGUE.content, asked, judged)[0])
    assert found.weight[0] == pytest.approx(one + three)
    assert found.stars[0] == pytest.approx(5 * one + 2 * three)
    assert found.count.tolist() == [2]


def test_it_is_never_its_own_neighbour() -> None:
    rows = CATALOGUE.rows_of([1])

    one = neighbourhood(nearness(CATALOGUE.content, rows, rows), np.array([5.0]))
    of_all = neighbourhood_of_all(CATALOGUE.content, rows, np.array([5.0]))

    assert one.weight.tolist() == one.count.tolist() == [0]
    assert of_all.weight[rows].tolist() == of_all.count[rows].tolist() == [0]


@laws
@given(film_lists(min_size=4))
def test_it_is_the_same_for_one_film_as_for_all(films: list[FilmFacts]) -> None:
    catalogue = build_catalogue(films)
    judged, stars = np.arange(3), np.array([4.5, 1.0, 3.0])

    everything = neighbourhood_of_all(catalogue.content, judged, stars)

    for row in range(len(catalogue)):
        near = nearness(catalogue.content, np.array([row]), judged)
        alone = neighbourhood(near, stars)
        assert alone.weight[0] == everything.weight[row]
        assert alone.stars[0] == everything.stars[row]
        assert alone.count[0] == everything.count[row]
