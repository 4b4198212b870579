"""Runs where the libraries are installed (`make eval` installs them)."""

import numpy as np
import pytest

from nexus.engine.evaluation.outside import (
    ImplicitAls,
    Surprise,
    SurpriseFactors,
    installed_version,
)
from nexus.engine.learned.interactions import History
from tests.engine.evaluation.tables import likes, two_kinds

RATINGS = two_kinds()
FILMS = np.arange(1004, 1030)


def test_it_solves_for_somebody_new_with_ials() -> None:
    pytest.importorskip("implicit")
    model = ImplicitAls(factors=4, regularization=0.1).fit(RATINGS)

    scores = model.rank(likes(1000, 1002), FILMS)

    assert scores[::2].mean() > scores[1::2].mean()
    assert np.isfinite(model.rank(History(), FILMS)).all()


@pytest.mark.parametrize("algorithm", ["SVD", "KNNBaseline"])
def test_it_asks_surprise(algorithm: str) -> None:
    pytest.importorskip("surprise")
    settings = {"random_state": 0} if algorithm == "SVD" else {"verbose": False}
    model = Surprise(algorithm, algorithm, settings).fit(RATINGS)

    stars = model.expect(100, History(), FILMS)

    assert stars[::2].mean() > stars[1::2].mean()


def test_it_folds_a_stranger_into_svd() -> None:
    pytest.importorskip("surprise")
    settings = {"random_state": 0, "n_factors": 5, "n_epochs": 200, "reg_all": 0.01}
    model = SurpriseFactors("SVD", "SVD", settings).fit(RATINGS)
    mine = RATINGS.users == 100
    known = History(RATINGS.items[mine], RATINGS.stars[mine])

    folded = model.match(known, FILMS).expected

    assert folded == pytest.approx(model.expect(100, known, FILMS), abs=0.3)
    assert np.isfinite(model.match(History(), np.array([77])).like).all()


def test_it_knows_what_is_installed() -> None:
    assert installed_version("numpy") == np.__version__
    assert installed_version("no-such-thing") is None
