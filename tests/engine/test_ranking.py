import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import top_n
from tests.engine.films import laws

scored = st.dictionaries(
    st.integers(-50, 50), st.sampled_from([0.0, -0.0, 0.5, 1.0, math.nan]) | st.floats()
)


def test_it_works() -> None:
    assert top_n([3, 1, 2], [0.1, 0.9, 0.5], 2).tolist() == [1, 2]


def test_it_breaks_ties_by_id_even_at_the_cut() -> None:
    assert top_n([9, 4, 7, 2, 5], [1.0, 1.0, 2.0, 1.0, 1.0], 3).tolist() == [7, 2, 4]


def test_it_leaves_out_the_unsayable() -> None:
    found = top_n([2, 3, 4], [math.nan, 2.0, 1.0], 9)

    assert found.tolist() == [3, 4]


@pytest.mark.parametrize("n", [0, 3])
def test_it_answers_nothing_from_nothing(n: int) -> None:
    assert top_n([], [], n).size == 0


def test_it_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="n is negative"):
        top_n([1], [1.0], -1)
    with pytest.raises(ValueError, match="2 ids but 1 scores"):
        top_n([1, 2], [1.0], 1)
    with pytest.raises(ValueError, match="more than once: 1"):
        top_n([1, 1], [1.0, 2.0], 1)


@laws
@given(scored, st.integers(0, 60), st.randoms(use_true_random=False))
def test_it_is_the_head_of_one_total_order(
    scores: dict[int, float], n: int, random: Random
) -> None:
    known = [item for item in scores.items() if not math.isnan(item[1])]
    ordered = [i for i, _ in sorted(known, key=lambda item: (-item[1], item[0]))]
    mixed = random.sample(list(scores), len(scores))

    found = top_n(mixed, [scores[i] for i in mixed], n)

    assert found.tolist() == ordered[:n]
