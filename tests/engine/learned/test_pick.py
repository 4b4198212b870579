import dataclasses
import tracemalloc
from functools import cache
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.learned import pick
from nexus.engine.learned.interactions import Ratings, Table, index
from nexus.engine.learned.pick import (
    PickConfig,
    PickModel,
    are_few,
    factors_by_people,
    fit_pick,
    grade,
    pose,
    solve_by_films,
    solve_by_people,
)
from nexus.engine.learned.weights import DenseWeights, FactoredWeights, Weights
from tests.engine.films import laws
from tests.engine.learned.people import ratings_of_two_kinds, table_of_two_kinds

PLAIN = PickConfig(
    inputs=(1.0,) * 5, targets=(1.0,) * 5, user_power=0.0, penalty=1.0, dropout=0.0
)
GRADED = PickConfig(
    inputs=(0.5, 0.65, 0.8, 1.0, 1.1),
    targets=(0.6, 0.7, 0.9, 1.0, 1.0),
    user_power=0.5,
    penalty=3.0,
    dropout=0.4,
)
GROUPS = {1: ("Space",), 8: ("Love", "Space"), 15: ("Love",)}
MODEL = fit_pick(table_of_two_kinds(), groups=GROUPS)
N_ITEMS = len(MODEL.vocabulary)

NUMBERS = [
    field.name
    for field in dataclasses.fields(PickConfig)
    if not isinstance(field.default, tuple)
]

histories = st.dictionaries(
    st.integers(0, N_ITEMS - 1), st.integers(1, 10).map(lambda half: half / 2)
)


@cache
def fitted(n_users: int, n_items: int) -> PickModel:
    return fit_pick(table_of_two_kinds(n_users, n_items), groups=GROUPS)


def columns_of(history: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    columns = sorted(history)
    stars = [history[column] for column in columns]
    return np.array(columns, dtype=np.intp), np.array(stars, dtype=np.float64)


def whole(weights: Weights) -> np.ndarray:
    columns = np.arange(weights.n_items)
    rows = [weights.product(columns[[i]], np.ones(1)) for i in columns]
    return np.array(rows)


def matrix(model: PickModel) -> np.ndarray:
    return whole(model.weights)


def test_it_works() -> None:
    """A fan of even films picks an even one next."""
    seen = np.array([0, 2, 4])

    scores = MODEL.scores(seen, np.array([5.0, 4.0, 4.5]))

    assert scores.shape == (N_ITEMS,)
    assert np.median(scores[6::2]) > scores[7::2].max()


def test_it_solves_the_least_squares_by_hand() -> None:
    """Ada saw films 1 and 2, Bo film 1; all weights are 1.

    G = C = [[2, 1], [1, 1]], trace 3 of 3 ratings, so L = 1 * sqrt(2) * 1 = l and
    (G + l)^-1 C has l / ((2 + l)(1 + l) - 1) beside its diagonal.
    """
    model = fit_pick(index(Ratings([1, 1, 2], [1, 2, 1], [4, 2, 5])), PLAIN)

    penalty = np.sqrt(2)
    beside = penalty / ((2 + penalty) * (1 + penalty) - 1)
    assert matrix(model) == pytest.approx(np.array([[0, beside], [beside, 0]]))


def test_it_weighs_people_grades_and_drop_out_by_hand() -> None:
    """Three likes and a dislike by one person: d = 1/2, f(2) = .65, t(2) = .7.

    So G has .5 three times, then .65^2 / 2 = .21125, and p / (1 - p) = 2/3.
    """
    table = index(Ratings([1] * 4, [1, 2, 3, 4], [4, 4, 4, 2]))

    problem = pose(table, GRADED)

    energy = np.array([0.5, 0.5, 0.5, 0.21125])
    assert problem.energy == pytest.approx(energy)
    assert problem.penalty == pytest.approx(3 * 1 * 1.71125 / 4 + energy * 2 / 3)
    root = np.sqrt(0.5)
    assert problem.inputs.toarray()[0] == pytest.approx(
        root * np.array([1, 1, 1, 0.65])
    )
    assert problem.targets.toarray()[0] == pytest.approx(
        root * np.array([1, 1, 1, 0.7])
    )


def test_it_grades_half_stars_in_between_and_half_a_star_as_one() -> None:
    graded = grade(np.array([0.5, 1, 2.5, 5]), (0.5, 0.65, 0.8, 1, 1.1))

    assert graded == pytest.approx([0.5, 0.5, 0.725, 1.1])


def test_it_finds_the_same_by_people_and_by_films() -> None:
    problem = pose(table_of_two_kinds(12, 30), PickConfig())

    left, right = factors_by_people(problem)

    exact = solve_by_films(problem).matrix
    found = left @ right.T
    np.fill_diagonal(found, 0.0)
    assert np.abs(found - exact).max() < 1e-8
    rounded = whole(solve_by_people(problem))
    assert np.abs(rounded - exact).max() < 0.01 * np.abs(exact).max()
    assert np.diag(rounded) == pytest.approx(0.0, abs=1e-15)
    assert np.diag(exact).tolist() == [0.0] * len(exact)


def test_it_holds_the_rows_of_the_whole_matrix_together() -> None:
    """As a loaded one does: a person's rows are read, never columns."""
    weights = fitted(40, 24).weights

    assert isinstance(weights, DenseWeights)
    assert weights.matrix.flags.c_contiguous
    assert weights.matrix.dtype == np.float32


def test_it_solves_in_little_more_memory_than_factor_and_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """12 bytes a cell and a block of columns, of which the last is not full."""
    monkeypatch.setattr(pick, "BLOCK", 32)
    problem = pose(table_of_two_kinds(100, n := 600), PickConfig())
    tracemalloc.start()

    found = solve_by_films(problem).matrix

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    inputs, targets = problem.inputs.toarray(), problem.targets.toarray()
    gram = inputs.T @ inputs + np.diag(problem.penalty)
    exact = np.linalg.solve(gram, inputs.T @ targets)
    np.fill_diagonal(exact, 0.0)
    assert found == pytest.approx(exact, abs=1e-6)
    assert peak / n**2 < 16


@pytest.mark.parametrize(
    ("n_users", "n_items", "few"),
    [(610, 9724, True), (610, 1200, False), (6000, 40_000, False)],
)
def test_it_factors_where_that_is_smaller(
    n_users: int, n_items: int, few: bool
) -> None:
    assert are_few(n_users, n_items) == few


def test_it_takes_the_form_that_is_smaller() -> None:
    few, many = (
        fit_pick(table_of_two_kinds(n_users, 24)).weights for n_users in (8, 12)
    )

    assert isinstance(few, FactoredWeights)
    assert isinstance(many, DenseWeights)


def loner_among(n_users: int = 40) -> Table:
    """The last person has seen 30 films that nobody else has."""
    crowd = ratings_of_two_kinds(n_users, 90)
    hers = np.arange(10_000, 10_030)
    return index(
        Ratings(
            np.append(crowd.users, np.full(30, 10_000)),
            np.append(crowd.items, hers),
            np.append(crowd.stars, np.tile([2.5, 4.0, 5.0], 10)),
        )
    )


def likeness_to_anybody(factor: np.ndarray, ratings: np.ndarray) -> float:
    """Largest cosine of a direction [n_items] and somebody's ratings, 0..1."""
    one = factor / np.linalg.norm(factor, axis=0)
    two = ratings / np.linalg.norm(ratings, axis=1, keepdims=True)
    return float(np.abs(two @ one).max())


def test_it_keeps_nobody_apart_in_a_direction() -> None:
    """Not even who shares no film with anybody: alone, they are an eigenvector."""
    problem = pose(loner_among(), PickConfig())

    weights = solve_by_people(problem)

    films = np.arange(weights.n_items)
    for rounded in (weights.left, weights.right):
        for people in (problem.inputs.toarray(), problem.targets.toarray()):
            assert likeness_to_anybody(rounded.rows(films), people) < 0.8
    alone = np.abs(np.linalg.eigh((problem.inputs @ problem.inputs.T).toarray())[1])
    assert alone[-1].max() == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(40, 24), (12, 40)])
@laws
@given(history=histories)
def test_it_takes_scores_apart(
    shape: tuple[int, int], history: dict[int, float]
) -> None:
    """To rounding where B is whole, to a millionth where it is in factors."""
    model = fitted(*shape)
    columns, stars = columns_of(history)

    scores = model.scores(columns, stars, ["Love"])

    parts = [
        model.contributions(columns, stars, film, ["Love"])
        for film in range(len(model.vocabulary))
    ]
    assert all(part.films.shape == columns.shape for part in parts)
    tolerance = 1e-12 if shape == (40, 24) else 1e-6 * np.abs(scores).max()
    assert np.abs(scores - [part.total for part in parts]).max() <= tolerance


@pytest.mark.parametrize("shape", [(40, 24), (12, 40)])
@laws
@given(history=histories)
def test_it_multiplies_as_its_cells_say(
    shape: tuple[int, int], history: dict[int, float]
) -> None:
    weights = fitted(*shape).weights
    columns, inputs = columns_of(history)

    product = weights.product(columns, inputs)

    films = range(weights.n_items)
    sums = np.array([inputs @ weights.cells(columns, film) for film in films])
    assert product[columns] == pytest.approx(sums[columns], abs=1e-12)
    assert product == pytest.approx(sums, abs=1e-6 * max(np.abs(sums).max(), 0.1))


def test_it_says_what_one_film_does() -> None:
    columns, stars = np.array([0, 3]), np.array([5.0, 2.0])

    row = MODEL.because_of(3, 2.0)

    parts = MODEL.contributions(columns, stars, 9)
    assert row[9] == pytest.approx(parts.films[1])
    assert row[3] == pytest.approx(0.0, abs=1e-12)


def test_it_stands_in_for_ratings_by_hand() -> None:
    """.3 of the share of raters; .2 of the genre, times the root of the share."""
    nothing = np.empty(0, dtype=np.intp), np.empty(0)

    plain = MODEL.scores(*nothing)
    lover = MODEL.scores(*nothing, ["Love"])

    share = MODEL.prior
    assert plain == pytest.approx(0.3 * share)
    added = 0.2 * np.array([0, np.sqrt(0.5), 1]) * np.sqrt(share[:3])
    assert lover[:3] - plain[:3] == pytest.approx(added)
    assert (lover[3:] == plain[3:]).all()


def test_it_stands_in_less_the_more_is_known() -> None:
    """Four ratings halve it."""
    four = np.arange(4)

    parts = MODEL.contributions(four, np.full(4, 3.0), 9)

    assert parts.prior == pytest.approx(0.15 * MODEL.prior[9])


def test_it_does_not_mind_the_order_of_the_ratings() -> None:
    ratings = ratings_of_two_kinds()
    mixed = np.random.default_rng(5).permutation(len(ratings))
    again = Ratings(ratings.users[mixed], ratings.items[mixed], ratings.stars[mixed])

    one, two = fit_pick(index(ratings)), fit_pick(index(again))

    assert matrix(one).tobytes() == matrix(two).tobytes()


@laws
@given(
    columns=st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=12),
    half_stars=st.integers(1, 10),
)
def test_it_answers_everybody_with_numbers(columns: list[int], half_stars: int) -> None:
    rated = np.array(columns, dtype=np.intp)
    stars = np.full(rated.size, half_stars / 2)

    scores = MODEL.scores(rated, stars, ["Space", "unheard of"])

    assert np.isfinite(scores).all()
    assert scores.tobytes() == MODEL.scores(rated, stars, ["Space"]).tobytes()


@pytest.mark.parametrize("ratings", [([1], [1]), ([1, 2], [1, 1]), ([1, 1], [1, 2])])
def test_it_learns_from_next_to_nothing(ratings: tuple[list[int], list[int]]) -> None:
    model = fit_pick(index(Ratings(*ratings, np.full(len(ratings[0]), 3.0))))

    assert np.isfinite(model.scores(np.array([0]), np.array([3.0]))).all()


def test_it_refuses_to_learn_from_nothing() -> None:
    with pytest.raises(ValueError, match="no ratings"):
        fit_pick(index(Ratings([], [], [])))


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": (1.0,)},
        {"penalty": 0.0},
        {"prior_fade": 0.0},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"user_power": -0.1},
        {"prior_weight": -0.1},
        {"genre_weight": -0.1},
        {"prior_half_life": 0.0},
        {"inputs": (0.0, 1.0, 1.0, 1.0, 1.0)},
        {"targets": (1.0, 1.0, nan, 1.0, 1.0)},
        {"inputs": (1.0, 1.0, 1.0, 1.0, inf)},
        *({name: wrong} for name in NUMBERS for wrong in (nan, inf)),
    ],
)
def test_it_refuses_constants_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|are five|leaves nothing"):
        dataclasses.replace(PickConfig(), **wrong)
