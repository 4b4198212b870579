import math

import numpy as np
import pytest

from nexus.engine.features import build_field


def test_it_weighs_the_rare_feature_more_by_hand() -> None:
    field = build_field([(7, 9), (7,)])

    common, rare = math.log(3 / 3) + 1, math.log(3 / 2) + 1
    length = math.hypot(common, rare)
    expected = {7: common / length, 9: rare / length}
    assert field.weights_of(0) == pytest.approx(expected)
    assert field.weights_of(1) == {7: 1.0}


def test_it_counts_a_repeated_feature_once() -> None:
    once, twice = build_field([(7, 9), (7,)]), build_field([(9, 7, 7, 9), (7, 7)])

    assert (once.rows.toarray() == twice.rows.toarray()).all()


def test_it_gives_each_row_length_one_or_none() -> None:
    field = build_field([(1, 2, 3), (), (2, 3), (9,)])

    lengths = np.sqrt((field.rows**2).sum(axis=1))
    assert lengths == pytest.approx([1, 0, 1, 1])
    assert field.has().tolist() == [1, 0, 1, 1]


def test_it_finds_the_films_with_a_feature() -> None:
    field = build_field([(5,), (6, 5), (6,)])

    assert field.films_with(5).tolist() == [0, 1]
    assert field.films_with(6).tolist() == [1, 2]


@pytest.mark.parametrize("unknown", [0, 4, 99])
def test_it_finds_no_film_with_an_unknown_feature(unknown: int) -> None:
    assert build_field([(5,)]).films_with(unknown).size == 0
    assert build_field([()]).films_with(unknown).size == 0
