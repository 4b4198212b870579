import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.evaluation.metrics import (
    Bins,
    auc,
    best_columns,
    bin_claims,
    cover,
    ece,
    log_losses,
    mae,
    ndcg,
    recall,
    rmse,
    worst_gap,
)
from nexus.engine.ranking import top_n
from tests.engine.films import laws

NAN = math.nan


def flags(text: str) -> np.ndarray:
    return np.array([letter == "x" for letter in text])


def test_it_lists_the_best_first_by_hand() -> None:
    scores = np.array([0.1, 0.7, NAN, 0.7, -2.0, 0.9])

    assert best_columns(scores, 4).tolist() == [5, 1, 3, 0]
    assert best_columns(scores, 99).tolist() == [5, 1, 3, 0, 4]
    assert best_columns(scores, 0).tolist() == []


def test_it_gives_a_tie_at_the_end_to_the_lower_id() -> None:
    assert best_columns(np.array([1.0, 0.5, 0.5, 0.5, 2.0]), 3).tolist() == [4, 0, 1]


@laws
@given(st.lists(st.sampled_from([NAN, 0.0, 0.5, 1.0, 2.0])), st.integers(0, 9))
def test_it_lists_as_the_product_does(values: list[float], k: int) -> None:
    scores = np.array(values, dtype=np.float64)

    assert (
        best_columns(scores, k).tolist()
        == top_n(range(len(values)), scores, k).tolist()
    )


def test_it_discounts_by_place_by_hand() -> None:
    """Hits at places 1 and 3 of two relevant: (1 + 1/2) / (1 + 1/log2(3))."""
    found = ndcg(flags("x.x."), 2, 4)

    assert found == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_it_asks_for_no_more_hits_than_there_are_places() -> None:
    assert ndcg(flags("xx...x"), 50, 2) == 1
    assert recall(flags("xx...x"), 50, 2) == 1


def test_it_takes_a_list_shorter_than_k() -> None:
    assert ndcg(flags("x"), 1, 10) == 1
    assert ndcg(flags(""), 1, 10) == 0
    assert recall(flags(""), 1, 10) == 0


def test_it_counts_hits_by_hand() -> None:
    assert recall(flags("x..x"), 3, 4) == pytest.approx(2 / 3)


def test_it_cannot_say_where_nothing_is_relevant() -> None:
    assert math.isnan(ndcg(flags("..."), 0, 3))
    assert math.isnan(recall(flags("..."), 0, 3))


def test_it_measures_stars_by_hand() -> None:
    stars, expected = np.array([4.0, 2.0]), np.array([3.0, 5.0])

    assert rmse(stars, expected) == pytest.approx(math.sqrt(5))
    assert mae(stars, expected) == pytest.approx(2)


def test_it_orders_pairs_by_hand() -> None:
    """Pairs: .8 over .3 right, .8 over .5 right, .5 over .3 right, .5 and .5 half."""
    liked = np.array([True, True, False, False])

    assert auc(liked, np.array([0.8, 0.5, 0.3, 0.5])) == pytest.approx(3.5 / 4)


def test_it_repeats_by_weight() -> None:
    liked, scores = np.array([True, False, False]), np.array([0.5, 0.4, 0.6])

    found = auc(liked, scores, np.array([2.0, 3.0, 1.0]))

    assert found == pytest.approx(
        auc(liked[[0, 0, 1, 1, 1, 2]], scores[[0, 0, 1, 1, 1, 2]])
    )
    assert found == pytest.approx(0.75)


@pytest.mark.parametrize("liked", [[True, True], [False, False]])
def test_it_needs_both_kinds_to_order_pairs(liked: list[bool]) -> None:
    assert math.isnan(auc(np.array(liked), np.array([0.1, 0.2])))


def test_it_charges_for_surprise_by_hand() -> None:
    losses = log_losses(np.array([True, False, True]), np.array([0.5, 0.75, 0.0]))

    assert losses == pytest.approx([math.log(2), math.log(4), math.log(1e15)])


def test_it_bins_claims_by_hand() -> None:
    """Two bins: claims .2, .4 with one like; .5, 1 with one like."""
    like = np.array([0.2, 0.4, 0.5, 1.0])

    bins = bin_claims(flags("x..x"), like, n_bins=2)

    assert bins.weights.tolist() == [2, 2]
    assert bins.gaps == pytest.approx([0.2, 0.25])
    assert ece(bins) == pytest.approx(0.225)
    assert worst_gap(bins) == pytest.approx(0.25)


def test_it_leaves_thin_bins_out_of_the_worst() -> None:
    bins = Bins(np.array([995.0, 5.0]), np.array([497.5, 5.0]), np.array([487.55, 1.0]))

    assert worst_gap(bins) == pytest.approx(0.01)
    assert worst_gap(bins, least_share=0.001) == pytest.approx(0.8)


def test_it_finds_nothing_wrong_with_true_chances() -> None:
    rng = np.random.default_rng(42)
    like = rng.random(100_000)

    assert ece(bin_claims(rng.random(like.size) < like, like)) < 0.01


def test_it_counts_ends_as_covered() -> None:
    stars = np.array([1.0, 2.0, 3.0, 4.0])

    assert cover(stars, np.full(4, 2.0), np.full(4, 3.0)) == 0.5
