import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.learned.fold_in import (
    expected_stars,
    fold_in,
    taste_variance,
    variance,
    without,
)
from nexus.engine.learned.interactions import History, Known, place
from nexus.engine.learned.rounded import round_rows
from tests.engine.films import laws
from tests.engine.learned.tastes import draw_known, fitted, known, model_by_hand

BOTH = np.array([0, 1])
UNKNOWN = np.array([-1])
seeds = st.integers(0, 2**32 - 1)


def test_it_folds_in_two_ratings_by_hand() -> None:
    person = fold_in(model_by_hand(), known([0, 1], [4.5, 2.5]))

    # A = 1 + (1, 1)(1, 1)' + (-1, 1)(-1, 1)' = 3;  h = (1, 1) * 1 + (-1, 1) * 0
    assert person.covariance == pytest.approx(np.eye(2) / 3)
    assert person.w == pytest.approx([1 / 3, 1 / 3])


def test_it_expects_stars_by_hand() -> None:
    model = model_by_hand()

    person = fold_in(model, known([0, 1], [4.5, 2.5]))

    assert expected_stars(model, person, BOTH) == pytest.approx([3.5 + 2 / 3, 2.5])
    assert taste_variance(model, person, BOTH) == pytest.approx([2 / 3, 2 / 3])
    assert variance(model, person, BOTH) == pytest.approx([5 / 3, 5 / 3])


def test_it_takes_noisy_films_less_seriously_by_hand() -> None:
    model = model_by_hand(noise=np.array([2.0, 1.0, 1.0]))

    person = fold_in(model, known([0], [4.5]))

    # A = [[1.5, .5], [.5, 1.5]], h = (.5, .5): w = (.25, .25)
    assert person.w == pytest.approx([0.25, 0.25])


def test_it_is_pulled_by_what_was_seen_by_hand() -> None:
    model = model_by_hand(
        seen=round_rows(np.array([[1.0], [3.0]])),
        pull=np.array([[0.5, 0.0]]),
        unpulled=np.array([0.25, 0.0]),
        pull_ratings=2.0,
    )

    person = fold_in(model, known([0, 1], [3.5, 2.5]))

    # As expected of each, so w = A^-1 P0 m0 with A = 3 and m0 half of the whole pull.
    pull = (4 / math.sqrt(2) * 0.5 - 0.25) / 2
    assert person.w == pytest.approx([pull / 3, 0.0])


def test_it_knows_somebody_new_by_the_prior() -> None:
    model = model_by_hand(usual=np.array([0.2, -0.1]), unpulled=np.array([9.0, 9.0]))

    person = fold_in(model, place(model.vocabulary, History()))

    assert person.w == pytest.approx([0.2, -0.1])
    assert expected_stars(model, person, BOTH) == pytest.approx([3.6, 2.2])


def test_it_answers_for_a_film_nobody_rated() -> None:
    model = model_by_hand()

    person = fold_in(model, known([0], [5.0]))

    # Generosity alone: A = [[2, 1], [1, 2]], h = (1.5, 1.5), w = (.5, .5)
    assert expected_stars(model, person, UNKNOWN) == pytest.approx([3.5])


def test_it_leaves_unknown_films_of_a_history_out() -> None:
    model = model_by_hand()

    with_unknown = place(model.vocabulary, History([10, 99], [4.0, 1.0]))

    assert (fold_in(model, with_unknown).w == fold_in(model, known([0], [4.0])).w).all()


def test_it_forgets_a_rating_by_hand() -> None:
    model = model_by_hand()
    person = fold_in(model, known([0, 1], [4.5, 2.5]))

    left = without(model, person, 0)

    assert left.known.columns.tolist() == [1]
    assert left.covariance == pytest.approx(np.array([[2, 1], [1, 2]]) / 3)
    assert left.w == pytest.approx([0, 0])


def test_it_forgets_the_only_rating() -> None:
    model = fitted()

    left = without(model, fold_in(model, known([3], [5.0])), 0)

    assert left.w == pytest.approx(model.usual, abs=1e-9)


@pytest.mark.parametrize("at", [-1, 2])
def test_it_cannot_forget_what_is_not_there(at: int) -> None:
    model = model_by_hand()

    with pytest.raises(IndexError, match="among 2"):
        without(model, fold_in(model, known([0, 1], [4.0, 4.0])), at)


@laws
@given(seeds)
def test_it_knows_more_with_every_rating(seed: int) -> None:
    model, rng = fitted(), np.random.default_rng(seed)
    told = draw_known(model, rng)
    films = np.arange(len(model.vocabulary))

    doubt = taste_variance(model, fold_in(model, told), films)

    assert (doubt > 0).all()
    for at in range(len(told)):
        fewer = taste_variance(model, fold_in(model, _but(told, at)), films)
        assert (fewer >= doubt - 1e-12).all()


def _but(told: Known, at: int) -> Known:
    return Known(np.delete(told.columns, at), np.delete(told.stars, at))
