import math

import numpy as np
import pytest

from nexus.engine.evaluation.bootstrap import (
    Interval,
    difference_interval,
    draw_people,
    interval,
    mean_interval,
)


def test_it_takes_the_middle_by_hand() -> None:
    drawn = np.arange(201.0)

    found = interval(7.0, drawn)

    assert (found.value, found.low, found.high) == pytest.approx((7, 5, 195))


def test_it_leaves_out_draws_that_cannot_say() -> None:
    drawn = np.array([1.0, math.nan, 1.0])

    assert interval(1.0, drawn) == Interval(1.0, 1.0, 1.0)


def test_it_draws_as_many_as_there_are() -> None:
    people = draw_people(7, rng=np.random.default_rng(0), draws=50)

    assert people.shape == (50, 7)
    assert (people.sum(axis=1) == 7).all()


def test_it_takes_a_mean_of_ratios_of_sums_by_hand() -> None:
    """Two ratings with squared errors 1 + 7, one with 1: sqrt(9 / 3)."""
    people = np.array([[2.0, 0.0], [0.0, 2.0]])

    found = mean_interval(
        np.array([8.0, 1.0]), np.array([2.0, 1.0]), people, curve=np.sqrt
    )

    assert found.value == pytest.approx(math.sqrt(3))
    assert (found.low, found.high) == pytest.approx((1.025, 1.975))


def test_it_covers_the_truth_nineteen_times_of_twenty() -> None:
    rng = np.random.default_rng(42)
    ones = np.ones(60)

    found = [
        mean_interval(rng.normal(3, 1, 60), ones, draw_people(60, rng=rng, draws=300))
        for _ in range(300)
    ]

    assert 0.9 < np.mean([one.low <= 3 <= one.high for one in found]) < 0.98


def test_it_compares_on_the_same_people() -> None:
    rng = np.random.default_rng(42)
    easy = rng.normal(0.5, 0.3, 200)
    ours, theirs, ones = easy + 0.01, easy, np.ones(200)
    people = draw_people(200, rng=rng)

    found = difference_interval(ours, theirs, ones, people)

    assert (found.value, found.low, found.high) == pytest.approx((0.01, 0.01, 0.01))
    assert mean_interval(ours, ones, people).low < theirs.mean()


def test_it_leaves_out_people_without_a_figure() -> None:
    sums, ones = np.array([1.0, math.nan, 3.0]), np.ones(3)
    people = draw_people(3, rng=np.random.default_rng(0))

    assert mean_interval(sums, ones, people).value == 2
    assert difference_interval(sums, np.zeros(3), ones, people).value == 2
    assert difference_interval(np.zeros(3), sums, ones, people).value == -2


def test_it_draws_alike_by_seed() -> None:
    one, two = (draw_people(9, rng=np.random.default_rng(s)) for s in (1, 1))

    assert (one == two).all()
