import numpy as np
import pytest

from nexus.engine.quality import bayesian_average, percentiles, prior_average

NAN = float("nan")


def test_it_draws_few_votes_to_the_prior_by_hand() -> None:
    averages, counts = np.array([9.0, 9.0, 9.0]), np.array([0.0, 100.0, 900.0])

    assert bayesian_average(averages, counts, 6.0).tolist() == [6.0, 7.5, 8.7]


def test_it_takes_the_prior_for_a_film_without_an_average() -> None:
    found = bayesian_average(np.array([NAN]), np.array([0.0]), 6.25)

    assert found.tolist() == [6.25]


def test_it_takes_the_mean_of_the_catalogue_for_usual_by_hand() -> None:
    averages, counts = np.array([8.0, 8.0, NAN, 1.0]), np.array([5.0, 1.0, 0.0, 0.0])

    assert prior_average(averages, counts) == pytest.approx((65 + 16) / 12)
    assert prior_average(averages[:0], counts[:0]) == 6.5


def test_it_ranks_known_values_and_puts_unknown_ones_in_the_middle() -> None:
    values = np.array([5.0, NAN, 1.0, 5.0, 9.0])

    assert percentiles(values).tolist() == [0.5, 0.5, 0.125, 0.5, 0.875]


def test_it_puts_everything_in_the_middle_when_nothing_is_known() -> None:
    assert percentiles(np.array([NAN, NAN])).tolist() == [0.5, 0.5]
    assert percentiles(np.array([3.0])).tolist() == [0.5]
