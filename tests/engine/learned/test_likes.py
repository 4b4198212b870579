import numpy as np
import pytest

from nexus.engine.learned.calibration import chance
from nexus.engine.learned.fold_in import fold_in
from nexus.engine.learned.interactions import History, place
from nexus.engine.learned.likes import doubt_of_strangers, likes_of_all
from nexus.engine.learned.matching import foresee
from tests.engine.learned.fitted import FAN, small_model

MODEL = small_model()
COLUMNS = np.arange(30)


def both(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Quick and exact chances of all films."""
    person = fold_in(MODEL.taste, place(MODEL.vocabulary, history))
    exact = chance(MODEL.calibration, foresee(MODEL.taste, person, COLUMNS))
    return likes_of_all(MODEL.taste, MODEL.calibration, person, MODEL.strangers), exact


def test_it_is_exact_for_a_stranger() -> None:
    quick, exact = both(History())

    assert quick == pytest.approx(exact, abs=1e-6)


def test_it_is_close_for_somebody_known() -> None:
    quick, exact = both(FAN)

    assert quick == pytest.approx(exact, abs=0.01)


def test_it_doubts_as_the_prior_does_by_hand() -> None:
    covariance = np.linalg.inv(MODEL.taste.precision)
    row = MODEL.taste.rows(np.array([3]))[0]

    assert doubt_of_strangers(MODEL.taste)[3] == pytest.approx(row @ covariance @ row)
