import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine import achieved, discount_popular, diversify
from nexus.engine.content import similarities
from nexus.engine.diversity import unit_scale
from tests.engine.films import CATALOGUE, IDS, laws

shares = st.floats(0, 1)
rankings = st.dictionaries(st.sampled_from(IDS), st.floats(-5, 5), min_size=1)


def content(one: int, two: int) -> float:
    rows = CATALOGUE.rows_of([one]), CATALOGUE.rows_of([two])
    return float(similarities(CATALOGUE.content, *rows)[0, 0])


def test_it_prefers_variety_to_a_little_relevance() -> None:
    found = diversify(CATALOGUE, [1, 2, 11], [1.0, 0.9, 0.5], diversity=0.6)

    assert found.tolist() == [1, 11, 2]


def test_it_picks_by_marginal_relevance_by_hand() -> None:
    # After 1, film 2 is worth (1 - d) - d * alike and film 11 nothing: even at d.
    even = 1 / (1 + content(1, 2))
    candidates, relevance = [1, 2, 11], [1.0, 1.0, 0.0]

    before = diversify(CATALOGUE, candidates, relevance, diversity=even - 0.01)
    after = diversify(CATALOGUE, candidates, relevance, diversity=even + 0.01)

    assert before.tolist() == [1, 2, 11]
    assert after.tolist() == [1, 11, 2]


def test_it_is_plain_relevance_without_diversity() -> None:
    found = diversify(CATALOGUE, [3, 2, 11, 1], [0.5, 0.5, 9.0, -1], diversity=0, n=3)

    assert found.tolist() == [11, 2, 3]


def test_it_breaks_ties_by_relevance_then_id() -> None:
    found = diversify(CATALOGUE, [22, 21, 11], [0.1, 0.1, 0.2], diversity=1)

    assert found.tolist() == [11, 21, 22]


def test_it_picks_no_more_than_asked_for() -> None:
    assert diversify(CATALOGUE, [1, 2], [1, 2], diversity=0.5, n=1).tolist() == [2]
    assert diversify(CATALOGUE, [], [], diversity=0.5, n=4).size == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_it_refuses_a_share_outside_the_scale(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        diversify(CATALOGUE, [1], [1.0], diversity=share)
    with pytest.raises(ValueError, match="between 0 and 1"):
        discount_popular(CATALOGUE, [1], [1.0], novelty=share)


def test_it_refuses_bad_candidates() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        diversify(CATALOGUE, [1], [math.nan], diversity=0.5)
    with pytest.raises(ValueError, match="2 films but relevance"):
        diversify(CATALOGUE, [1, 2], [1.0], diversity=0.5)
    with pytest.raises(ValueError, match="more than once: 1"):
        diversify(CATALOGUE, [1, 1], [1.0, 2.0], diversity=0.5)
    with pytest.raises(ValueError, match="not in the catalogue: 404"):
        diversify(CATALOGUE, [404], [1.0], diversity=0.5)
    with pytest.raises(ValueError, match="n is negative"):
        diversify(CATALOGUE, [1], [1.0], diversity=0.5, n=-1)


@laws
@given(rankings, shares, st.randoms(use_true_random=False))
def test_it_reorders_and_loses_nothing(
    relevance: dict[int, float], share: float, random: Random
) -> None:
    mixed = random.sample(list(relevance), len(relevance))

    found = diversify(
        CATALOGUE, list(relevance), list(relevance.values()), diversity=share
    )
    again = diversify(CATALOGUE, mixed, [relevance[i] for i in mixed], diversity=share)

    assert sorted(found.tolist()) == sorted(relevance)
    assert found.tolist() == again.tolist()
    assert relevance[int(found[0])] == max(relevance.values())


@laws
@given(rankings, shares, st.integers(0, 9))
def test_it_begins_alike_however_many_are_asked_for(
    relevance: dict[int, float], share: float, n: int
) -> None:
    given_ids, values = list(relevance), list(relevance.values())

    short = diversify(CATALOGUE, given_ids, values, diversity=share, n=n)
    full = diversify(CATALOGUE, given_ids, values, diversity=share)

    assert short.tolist() == full.tolist()[:n]


def test_it_discounts_what_is_popular_by_hand() -> None:
    found = discount_popular(CATALOGUE, [1, 13, 22], [0.9, 0.9, 0.4], novelty=0.5)

    first, last = 11 / 12, 1 / 12
    assert found == pytest.approx([1 - first / 2, 1 - last / 2, 0])


def test_it_leaves_the_order_alone_without_novelty() -> None:
    found = discount_popular(CATALOGUE, [1, 2, 3], [3.0, 5.0, 4.0], novelty=0)

    assert found.tolist() == [0.0, 1.0, 0.5]


def test_it_stretches_to_the_unit_scale() -> None:
    assert unit_scale(np.array([2.0, 4.0, 3.0])).tolist() == [0.0, 1.0, 0.5]
    assert unit_scale(np.array([7.0, 7.0])).tolist() == [1.0, 1.0]
    assert unit_scale(np.array([])).tolist() == []


def test_it_measures_a_list_by_hand() -> None:
    found = achieved(CATALOGUE, [2, 1, 11])

    apart = [1 - content(1, 2), 1 - content(1, 11), 1 - content(2, 11)]
    assert found.intra_list_distance == pytest.approx(sum(apart) / 3)
    assert found.popularity == pytest.approx((11 / 12 + 7 / 12 + 9 / 12) / 3)


def test_it_says_none_of_what_a_short_list_cannot_have() -> None:
    assert achieved(CATALOGUE, []).popularity is None
    assert achieved(CATALOGUE, [1]).intra_list_distance is None
    assert achieved(CATALOGUE, [1]).popularity == pytest.approx(11 / 12)


def test_it_achieves_more_distance_with_more_diversity() -> None:
    candidates, relevance = [1, 2, 3, 11, 12], [1.0, 0.9, 0.8, 0.6, 0.5]

    same = diversify(CATALOGUE, candidates, relevance, diversity=0, n=3)
    varied = diversify(CATALOGUE, candidates, relevance, diversity=0.7, n=3)

    before = achieved(CATALOGUE, same).intra_list_distance
    after = achieved(CATALOGUE, varied).intra_list_distance
    assert before is not None
    assert after is not None
    assert after > before
