import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from nexus.engine.evaluation.autoencoders import Ease, Rdlae
from nexus.engine.evaluation.biases import Biases, FilmShare, damped_mean
from nexus.engine.evaluation.contestants import Ranker
from nexus.engine.evaluation.peers import (
    ItemNeighbours,
    Popularity,
    Slim,
    keep_largest,
    likes_matrix,
)
from nexus.engine.learned.interactions import History, Ratings, index
from tests.engine.evaluation.tables import by_rows, likes, two_kinds

# Films 1 and 2 are liked together twice, 3 once with 1; nobody likes 4.
SMALL = Ratings([1, 1, 2, 2, 3, 3, 3], [1, 2, 1, 2, 1, 3, 4], [5, 4, 4.5, 5, 4, 4, 1])
RANKERS: list[Ranker] = [
    Popularity(),
    ItemNeighbours(),
    Ease(penalty=5.0),
    Rdlae(penalty=5.0),
    Slim(l2=2.0),
]

each_ranker = pytest.mark.parametrize("ranker", RANKERS, ids=lambda it: it.name)
learners = pytest.mark.parametrize("ranker", RANKERS[1:], ids=lambda it: it.name)


@learners
def test_it_tells_two_kinds_of_people_apart(ranker: Ranker) -> None:
    model = ranker.fit(two_kinds())

    scores = model.rank(likes(1000, 1002), np.arange(1004, 1030))

    assert scores[::2].mean() > scores[1::2].max()


@each_ranker
def test_it_cannot_say_of_films_it_never_saw(ranker: Ranker) -> None:
    scores = ranker.fit(SMALL).rank(likes(1, 77), np.array([77, 2]))

    assert np.isnan(scores).tolist() == [True, False]


@each_ranker
@pytest.mark.parametrize("history", [History(), History([1, 2], [1, 3]), likes(77)])
def test_it_lists_by_popularity_for_somebody_new(
    ranker: Ranker, history: History
) -> None:
    scores = ranker.fit(SMALL).rank(history, np.array([1, 2, 3, 4]))

    assert scores.tolist() == [3, 2, 1, 0]


@each_ranker
def test_it_learns_the_same_from_another_order(ranker: Ranker) -> None:
    ratings, films = two_kinds(), np.arange(1000, 1030)
    other = by_rows(ratings, list(range(len(ratings)))[::-1])

    one, two = (ranker.fit(r).rank(likes(1000), films) for r in (ratings, other))

    assert one.tobytes() == two.tobytes()


def test_it_counts_likes_by_hand() -> None:
    scores = Popularity().fit(SMALL).rank(likes(), np.array([1, 2, 3, 4]))

    assert scores.tolist() == [3, 2, 1, 0]


def test_it_measures_angles_by_hand() -> None:
    model = ItemNeighbours(k=2, shrink=1.0).fit(SMALL)

    scores = model.rank(likes(1), np.array([1, 2, 3, 4]))

    near = [2 / (math.sqrt(6) + 1), 1 / (math.sqrt(3) + 1)]
    assert scores == pytest.approx([0, *near, 0])


def test_it_keeps_the_nearest_by_hand() -> None:
    rows = csr_array(np.array([[3.0, 5.0, 3.0], [0.0, 1.0, 0.0]]))

    assert keep_largest(rows, 2).toarray().tolist() == [[3, 5, 0], [0, 1, 0]]


def test_it_solves_slim_by_hand() -> None:
    """One neighbour each: w_12 = (2 - l1) / (3 + l2), w_21 = (2 - l1) / (2 + l2)."""
    ratings = Ratings([1, 1, 2, 2, 3], [1, 2, 1, 2, 1], [5] * 5)

    weights = Slim(l1=0.5, l2=1.0).descend(likes_matrix(index(ratings)))

    assert weights == pytest.approx(np.array([[0, 1.5 / 4], [1.5 / 3, 0]]))


def test_it_ends_slim_where_no_step_helps() -> None:
    likes_of = likes_matrix(index(two_kinds()))
    slim = Slim(l1=0.5, l2=2.0, sweeps=200, tolerance=1e-9)

    weights = slim.descend(likes_of)

    dense = likes_of.toarray()
    slope = dense.T @ (dense @ weights - dense) + slim.l2 * weights + slim.l1
    np.fill_diagonal(slope, 0.0)
    assert (weights >= 0).all()
    assert np.abs(slope[weights > 0]).max() < 1e-6
    assert slope.min() > -1e-6


def test_it_averages_by_turns_by_hand() -> None:
    """One sweep without damping: mu 3; films +1, -1; then nothing is left over."""
    ratings = Ratings([1, 1, 2, 2], [1, 2, 1, 2], [4, 2, 4, 2])
    biases = Biases(film_damping=0.0, person_damping=0.0, sweeps=1)

    model = biases.fit(ratings)

    assert model.film.tolist() == [1, -1]
    assert model.expect(9, History([1], [5]), np.array([2, 77])) == pytest.approx(
        [3, 4]
    )


def test_it_damps_means_by_hand() -> None:
    found = damped_mean(np.array([0, 0, 2]), np.array([1.0, 2.0, 4.0]), 3, 1.0)

    assert found == pytest.approx([1, 0, 2])


def test_it_shows_stars_as_a_share_with_a_range() -> None:
    ratings = two_kinds()

    match = Biases().fit(ratings).match(likes(1000), ratings.items[:1])

    assert match.like == pytest.approx(match.expected / 5)
    assert match.low < match.expected < match.high


def test_it_counts_shares_by_hand() -> None:
    """Film 1: three likes of three, all: 6 of 7; damping 1: 1 - (1/7) / 4."""
    model = FilmShare(damping=1.0).fit(SMALL)

    match = model.match(likes(), np.array([1, 77]))

    assert match.like == pytest.approx([1 - (1 / 7) / 4, 6 / 7])


def test_it_stays_within_the_scale() -> None:
    model = Biases(film_damping=0.0, person_damping=0.0).fit(two_kinds())

    match = model.match(History([1000], [5]), np.arange(1000, 1030))

    table = np.stack([match.low, match.expected, match.high])
    assert ((table >= 0.5) & (table <= 5)).all()
