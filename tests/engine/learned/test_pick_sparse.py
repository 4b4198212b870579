from math import inf, nan
from typing import Any

import numpy as np
import pytest

from nexus.engine.learned.interactions import Ratings, index
from nexus.engine.learned.pick import fit_pick
from nexus.engine.learned.pick_sparse import SparseConfig, fit_pick_sparse, is_small
from nexus.engine.learned.weights import FactoredWeights
from tests.engine.learned.people import ratings_of_two_kinds, table_of_two_kinds

TABLE = table_of_two_kinds(60, 40)
FULL = SparseConfig(rank=3, support=40, keep=40)
SMALL = SparseConfig(rank=3, support=12, keep=5, sources=20)
COLUMNS, STARS = np.array([1, 8, 30]), np.array([4.5, 1.0, 3.0])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_it_works() -> None:
    """A fan of even films picks an even one next."""
    model = fit_pick_sparse(TABLE, sizes=SMALL, rng=rng())

    scores = model.scores(np.array([0, 2, 4]), np.array([5.0, 4.0, 4.5]))

    assert np.median(scores[6::2]) > scores[7::2].max()


@pytest.mark.parametrize("rank", [1, 3, 40])
def test_it_is_the_dense_form_with_the_support_of_all_films(rank: int) -> None:
    sizes = SparseConfig(rank=rank, support=40, keep=40)

    sparse = fit_pick_sparse(TABLE, sizes=sizes, rng=rng())

    dense = fit_pick(TABLE)
    one, two = (it.scores(COLUMNS, STARS) for it in (sparse, dense))
    assert np.abs(one - two).max() < 0.02 * np.abs(two).max()
    for candidate in range(len(dense.vocabulary)):
        one, two = (it.weights.cells(COLUMNS, candidate) for it in (sparse, dense))
        assert np.abs(one - two).max() < 0.002


def test_it_comes_close_with_a_small_support() -> None:
    sparse = fit_pick_sparse(TABLE, sizes=SMALL, rng=rng())

    dense = fit_pick(TABLE)
    one, two = (it.scores(COLUMNS, STARS) for it in (sparse, dense))
    assert np.corrcoef(one, two)[0, 1] > 0.8


def test_it_keeps_no_more_neighbours_than_asked_for() -> None:
    weights = fit_pick_sparse(TABLE, sizes=SMALL, rng=rng()).weights

    assert isinstance(weights, FactoredWeights)
    assert weights.rest is not None
    kept = np.bincount(weights.rest.films, minlength=40)
    assert kept.min() > 0
    assert kept.max() <= 5
    assert np.flatnonzero(np.diff(weights.rest.starts)).size <= 20
    for film in range(40):
        assert weights.rest.cells(np.array([film]), film) == 0


def test_it_keeps_fewer_neighbours_of_a_little_known_film() -> None:
    """Five for each rating: one film has one, another two."""
    crowd = ratings_of_two_kinds(60, 40)
    rare = Ratings(
        np.append(crowd.users, [100, 100, 101]),
        np.append(crowd.items, [5000, 6000, 6000]),
        np.append(crowd.stars, [4.0, 4.0, 5.0]),
    )

    weights = fit_pick_sparse(index(rare), sizes=FULL, rng=rng()).weights

    assert isinstance(weights, FactoredWeights)
    assert weights.rest is not None
    kept = np.bincount(weights.rest.films, minlength=42)
    assert kept[40] <= 5 < kept[41] <= 10 < kept[:40].min()


@pytest.mark.parametrize("sizes", [SMALL, FULL])
def test_it_takes_scores_apart_to_a_millionth(sizes: SparseConfig) -> None:
    model = fit_pick_sparse(TABLE, sizes=sizes, rng=rng())

    scores = model.scores(COLUMNS, STARS)

    for candidate in range(len(model.vocabulary)):
        parts = model.contributions(COLUMNS, STARS, candidate)
        assert abs(parts.total - scores[candidate]) < 1e-6 * scores.max()


def test_it_says_nothing_of_a_film_from_its_own_rating() -> None:
    model = fit_pick_sparse(TABLE, sizes=SMALL, rng=rng())

    for film in range(40):
        assert model.because_of(film)[film] == pytest.approx(0.0, abs=1e-12)


def test_it_is_the_same_for_the_same_seed() -> None:
    one, two = (fit_pick_sparse(TABLE, sizes=SMALL, rng=rng(3)) for _ in range(2))

    assert one.scores(COLUMNS, STARS).tobytes() == two.scores(COLUMNS, STARS).tobytes()


@pytest.mark.parametrize("ratings", [([1], [1]), ([1, 2], [1, 1]), ([1, 1], [1, 2])])
def test_it_learns_from_next_to_nothing(ratings: tuple[list[int], list[int]]) -> None:
    table = index(Ratings(*ratings, np.full(len(ratings[0]), 3.0)))

    model = fit_pick_sparse(table, rng=rng())

    assert np.isfinite(model.scores(np.array([0]), np.array([3.0]))).all()


def test_it_refuses_to_learn_from_nothing() -> None:
    with pytest.raises(ValueError, match="no ratings"):
        fit_pick_sparse(index(Ratings([], [], [])), rng=rng())


@pytest.mark.parametrize("size", ["rank", "support", "keep", "sources"])
@pytest.mark.parametrize("wrong", [0, nan, inf])
def test_it_refuses_sizes_below_one(size: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"{size} must be at least 1"):
        SparseConfig(**{size: wrong})


@pytest.mark.parametrize(
    ("n_users", "n_items", "small"),
    [
        (600, 10_000, True),
        (6000, 4000, True),
        (6000, 20_000, False),
        (100_000, 20_000, False),
    ],
)
def test_it_tells_which_tables_fit_the_exact_form(
    n_users: int, n_items: int, small: bool
) -> None:
    assert is_small(n_users, n_items) == small
