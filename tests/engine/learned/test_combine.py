import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.learned.combine import combine, log_softplus, pick_weight
from tests.engine.films import laws


def test_it_adds_two_logarithms_by_hand() -> None:
    """S = 0 gives log log 2, S = 1 log 150 (to 65 digits)."""
    score = combine(np.array([0.0, 1.0]), np.array([0.5, 1.0]), 2.0)

    assert score[0] == pytest.approx(2 * math.log(math.log(2)) - math.log(2))
    assert score[1] == pytest.approx(2 * math.log(150))


def test_it_trusts_taste_more_the_more_is_known() -> None:
    assert pick_weight(0) == pick_weight(20) > pick_weight(21)
    assert pick_weight(720) == pytest.approx(pick_weight(90) * 8**-0.3)


@pytest.mark.parametrize(
    ("x", "expected"),
    [(-700.0, -700.0), (0.0, math.log(math.log(2))), (1e5, math.log(1e5))],
)
def test_it_takes_logarithms_of_any_size(x: float, expected: float) -> None:
    assert log_softplus(np.array([x]))[0] == pytest.approx(expected)


@laws
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.floats(0.1, 9))
def test_it_keeps_the_order_of_the_pick_factor(
    picks: list[float], weight: float
) -> None:
    pick = np.sort(picks)

    scores = combine(pick, np.full(pick.size, 0.4), weight)

    assert (np.diff(scores) >= 0).all()


def test_it_cannot_say_where_either_part_cannot() -> None:
    score = combine(np.array([np.nan, 1.0, 1.0]), np.array([0.5, np.nan, 0.0]), 5)

    assert np.isnan(score).tolist() == [True, True, False]


def test_it_refuses_parts_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2 pick scores but 1 chances"):
        combine(np.zeros(2), np.zeros(1), 5)
    with pytest.raises(ValueError, match=r"must be 0\.\.1"):
        combine(np.zeros(1), np.array([1.5]), 5)
