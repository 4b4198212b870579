import numpy as np
import pytest

from nexus.engine.evaluation.autoencoders import (
    Ease,
    Rdlae,
    invert_by_films,
    invert_by_people,
)
from nexus.engine.evaluation.peers import likes_matrix
from nexus.engine.learned.interactions import Ratings, index
from tests.engine.evaluation.tables import likes, two_kinds

# Two films liked by one together, the first by another one: X'X = [[2, 1], [1, 1]].
TWO = Ratings([1, 1, 2], [1, 2, 1], [5, 5, 5])
MANY = likes_matrix(index(two_kinds()))


def test_it_solves_ease_by_hand() -> None:
    """P = [[3, 1], [1, 2]]^-1 = [[2, -1], [-1, 3]] / 5: B_12 = -P_12 / P_22 = 1/3."""
    model = Ease(penalty=1.0).fit(TWO)

    assert model.rank(likes(1), np.array([1, 2])) == pytest.approx([0, 1 / 3])
    assert model.rank(likes(2), np.array([1, 2])) == pytest.approx([1 / 2, 0])


def test_it_solves_rdlae_by_hand() -> None:
    """L = 1 + (2, 1), P = [[5, 1], [1, 3]]^-1 = [[3, -1], [-1, 5]] / 14.

    B_11 = 1 - 3 * 3/14 = 5/14 is held at .3 by g_1 = .7 * 14/3; B_22 = 1 - 2 * 5/14 =
    2/7 is below .3 by itself.
    """
    model = Rdlae(penalty=1.0, dropout=0.5, relaxation=0.3).fit(TWO)

    assert model.rank(likes(1), np.array([1, 2])) == pytest.approx([0.3, 1 / 7])
    assert model.rank(likes(2), np.array([1, 2])) == pytest.approx([0.7 / 3, 2 / 7])


def test_it_ends_rdlae_where_no_step_helps() -> None:
    """The slope is 0, but on the diagonal where the bound pushes back."""
    rdlae = Rdlae(penalty=3.0, dropout=0.4, relaxation=0.2)
    score = rdlae.solve(MANY, invert_by_films)

    weights = np.stack([score(np.array([film])) for film in range(MANY.shape[1])])

    gram = (MANY.T @ MANY).toarray()
    penalties = 3.0 + 0.4 / 0.6 * np.diag(gram)
    slope = gram @ weights - gram + penalties[:, None] * weights
    push, at = -np.diag(slope), np.diag(weights)
    assert np.abs(slope + np.diag(push)).max() < 1e-9
    assert push.min() > -1e-9
    assert at.max() < 0.2 + 1e-9
    assert np.abs(push * (0.2 - at)).max() < 1e-9
    assert 0 < np.count_nonzero(push > 1e-9) < push.size


def test_it_holds_the_diagonal_of_ease_at_nothing() -> None:
    score = Rdlae(penalty=3.0, dropout=0.0, relaxation=0.0).solve(MANY, invert_by_films)

    assert [score(np.array([film]))[film] for film in range(30)] == pytest.approx(
        [0.0] * 30, abs=1e-12
    )


def test_it_solves_alike_by_people_and_by_films() -> None:
    liked = np.array([0, 3, 8])

    one, two = (
        Rdlae(penalty=7.0).solve(MANY, invert)(liked)
        for invert in (invert_by_people, invert_by_films)
    )

    assert one == pytest.approx(two, abs=1e-10)
