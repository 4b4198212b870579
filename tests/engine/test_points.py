import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.points import point_rates, shapley_points, sigmoid, whole_points
from tests.engine.films import laws

log_odds = st.floats(-12, 12)
parts = st.lists(log_odds, min_size=1, max_size=4)


def test_it_shares_the_gain_between_two_by_hand() -> None:
    base, one, two = 0.0, 1.0, -2.0

    s = sigmoid
    first = ((s(1) - s(0)) + (s(-1) - s(-2))) / 2
    second = ((s(-2) - s(0)) + (s(-1) - s(1))) / 2
    expected = [100 * first, 100 * second]
    assert shapley_points(base, [one, two]) == pytest.approx(expected)


def test_it_rates_an_absent_part_by_the_slope_by_hand() -> None:
    assert point_rates(0.0, [0.0]) == pytest.approx([25.0])


@pytest.mark.parametrize("step", [1e-5, -1e-5, 1.1e-5, 9e-6])
def test_it_rates_small_parts_alike_on_both_sides_of_the_limit(step: float) -> None:
    assert point_rates(0.3, [step, 0.5]) == pytest.approx(
        point_rates(0.3, [0.0, 0.5]), rel=1e-5
    )


def test_it_has_no_overflow() -> None:
    assert sigmoid(-1000) == 0
    assert sigmoid(1000) == 1
    assert sigmoid(0) == 0.5


@laws
@given(log_odds, parts)
def test_it_shares_all_there_is(base: float, parts: list[float]) -> None:
    gain = 100 * (sigmoid(base + math.fsum(parts)) - sigmoid(base))

    assert math.fsum(shapley_points(base, parts)) == pytest.approx(gain, abs=1e-8)


@laws
@given(log_odds, parts)
def test_it_keeps_the_sign_of_each_part(base: float, parts: list[float]) -> None:
    for part, points in zip(parts, shapley_points(base, parts), strict=True):
        assert points * part >= 0
        assert (points == 0) == (part == 0)


@laws
@given(log_odds, log_odds, log_odds)
def test_it_favours_no_place(base: float, one: float, two: float) -> None:
    there, back = shapley_points(base, [one, two]), shapley_points(base, [two, one])

    assert there == pytest.approx(back[::-1])


def test_it_rounds_by_largest_remainder_by_hand() -> None:
    assert whole_points([50.25, 10.75, -3.5, 0.5], 58) == [50, 11, -3, 0]


def test_it_breaks_ties_of_remainders_by_place() -> None:
    assert whole_points([0.5, 0.5], 1) == [1, 0]


def test_it_refuses_a_total_out_of_reach() -> None:
    with pytest.raises(ValueError, match="not the rounded sum"):
        whole_points([1.0, 2.0], 7)


@laws
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6))
def test_it_rounds_to_a_sum_that_is_exact(parts: list[float]) -> None:
    total = math.floor(math.fsum(parts) + 0.5)

    rounded = whole_points(parts, total)

    assert sum(rounded) == total
    assert all(abs(n - x) < 1 for n, x in zip(rounded, parts, strict=True))
