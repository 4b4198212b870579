import numpy as np
import pytest
from hypothesis import given

from nexus.engine import FilmFacts, build_catalogue
from nexus.engine.arrays import Floats, Ints
from nexus.engine.content import Content, similarities
from nexus.engine.neighbours import (
    NearLines,
    Neighbourhood,
    closeness,
    nearness,
    neighbourhood,
    sum_lines,
)
from tests.engine.films import CATALOGUE, film_lists, laws


def neighbourhood_of_all(
    content: Content, judged: Ints, stars: Floats, lines: NearLines
) -> Neighbourhood:
    return sum_lines(lines.of(content, judged), stars, size=content.facts_of.size)


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


def test_it_is_never_its_own_neighbour() -> None:
    rows = CATALOGUE.rows_of([1])

    one = neighbourhood(nearness(CATALOGUE.content, rows, rows), np.array([5.0]))
    of_all = neighbourhood_of_all(CATALOGUE.content, rows, np.array([5.0]), NearLines())

    assert one.weight.tolist() == of_all.weight[rows].tolist() == [0]
    assert one.stars.tolist() == of_all.stars[rows].tolist() == [0]


@laws
@given(film_lists(min_size=4))
def test_it_is_the_same_for_one_film_as_for_all(films: list[FilmFacts]) -> None:
    catalogue = build_catalogue(films)
    judged, stars = np.arange(3), np.array([4.5, 1.0, 3.0])

    everything = neighbourhood_of_all(catalogue.content, judged, stars, NearLines())

    for row in range(len(catalogue)):
        near = nearness(catalogue.content, np.array([row]), judged)
        alone = neighbourhood(near, stars)
        assert alone.weight[0] == everything.weight[row]
        assert alone.stars[0] == everything.stars[row]


@laws
@given(film_lists(min_size=5))
def test_what_it_remembers_changes_nothing(films: list[FilmFacts]) -> None:
    content = build_catalogue(films).content
    lines, few = NearLines(), NearLines(most=1)
    neighbourhood_of_all(content, np.array([3, 1]), np.array([2.0, 1.0]), lines)

    for judged in ([0, 1, 2], [1, 3], [4], []):
        rows, stars = np.array(judged, np.int64), np.linspace(1, 5, len(judged))
        new, known, forgotten = (
            neighbourhood_of_all(content, rows, stars, some)
            for some in (NearLines(), lines, few)
        )

        for one in (known, forgotten):
            assert one.weight.tolist() == new.weight.tolist()
            assert one.stars.tolist() == new.stars.tolist()


def test_it_remembers_no_more_than_it_may() -> None:
    lines = NearLines(most=3)

    for row in range(len(CATALOGUE)):
        lines.of(CATALOGUE.content, np.array([row]))

        assert lines.held == sum(one.films.size for one in lines.lines.values()) <= 3


def test_it_forgets_the_longest_unused_first() -> None:
    all_of_them = NearLines()
    all_of_them.of(CATALOGUE.content, np.arange(3))
    lines = NearLines(most=all_of_them.held - 1)

    for row in (0, 1, 0, 2):
        lines.of(CATALOGUE.content, np.array([row]))

    assert list(lines.lines) == [0, 2]


def test_once_it_is_to_forget_it_holds_nothing() -> None:
    lines = NearLines()
    before = lines.of(CATALOGUE.content, np.arange(3))

    lines.forget()
    after = lines.of(CATALOGUE.content, np.arange(3))

    assert (lines.held, lines.lines) == (0, {})
    for one, other in zip(before, after, strict=True):
        assert one.films.tolist() == other.films.tolist()
        assert one.weights.tolist() == other.weights.tolist()
