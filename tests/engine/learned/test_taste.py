import dataclasses
import subprocess
import sys
from functools import cache
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.arrays import Floats, Sparse
from nexus.engine.learned import profiles
from nexus.engine.learned.fold_in import expected_stars, fold_in, variance
from nexus.engine.learned.interactions import History, Ratings, Table, index, place
from nexus.engine.learned.packed import corner, outer, pack, unpack
from nexus.engine.learned.profiles import (
    by_person,
    find_profiles,
    group_names,
    group_rows,
    rater_profiles,
    seen_profiles,
    times,
)
from nexus.engine.learned.taste import (
    TasteConfig,
    TasteModel,
    doubt_of_films,
    fit_taste,
)
from nexus.engine.learned.taste_steps import (
    PIECE,
    Films,
    Prior,
    Sums,
    cut,
    meet_films,
    meet_people,
    pieces,
    regress,
)
from nexus.env import PROJECT_DIR
from tests.engine.films import laws
from tests.engine.learned.people import ratings_of_two_kinds, table_of_two_kinds
from tests.engine.learned.tastes import SMALL, fitted

seeds = st.integers(0, 2**32 - 1)


def learn(table: Table, seed: int = 0) -> TasteModel:
    return fit_taste(table, config=SMALL, rng=np.random.default_rng(seed))


def arrays_of(model: TasteModel) -> list[Floats]:
    values = [getattr(model, field.name) for field in dataclasses.fields(model)]
    return [value for value in values if isinstance(value, np.ndarray)]


@cache
def learned_from_many() -> TasteModel:
    table = table_of_two_kinds(n_users=300, n_items=60)
    config = TasteConfig(factors=3, seen=4, raters=4)
    return fit_taste(table, config=config, rng=np.random.default_rng(0))


def test_it_learns_who_likes_what() -> None:
    model = learned_from_many()
    history = History(model.vocabulary.items[:10], [4.5, 2.0] * 5)

    person = fold_in(model, place(model.vocabulary, history))

    even = expected_stars(model, person, np.arange(10, 60, 2))
    odd = expected_stars(model, person, np.arange(11, 60, 2))
    assert even.min() > odd.max()
    assert even.mean() - odd.mean() > 1


def test_it_foresees_people_it_never_saw() -> None:
    model, others = learned_from_many(), table_of_two_kinds(50, 60, seed=9)
    ours, means = [], []
    for user in range(others.n_users):
        own = np.flatnonzero(others.users == user)
        told = History(
            others.vocabulary.items[others.items[own[::2]]], others.stars[own[::2]]
        )
        person = fold_in(model, place(model.vocabulary, told))
        hidden, stars = others.items[own[1::2]], others.stars[own[1::2]]
        ours.append(stars - expected_stars(model, person, hidden))
        means.append(stars - model.mean - model.quality[hidden])

    assert np.square(np.concatenate(ours)).mean() < 0.6
    assert np.square(np.concatenate(means)).mean() > 0.8


def test_it_gives_equal_bits_for_equal_seeds_in_any_order_of_ratings() -> None:
    ratings = ratings_of_two_kinds()
    turned = np.random.default_rng(3).permutation(len(ratings))
    again = Ratings(ratings.users[turned], ratings.items[turned], ratings.stars[turned])

    one, other = learn(index(ratings)), learn(index(again))

    for first, second in zip(arrays_of(one), arrays_of(other), strict=True):
        assert (first == second).all()


def test_it_returns_frozen_arrays() -> None:
    assert not any(array.flags.writeable for array in arrays_of(fitted()))


def test_it_answers_the_prior_for_a_film_never_rated() -> None:
    model = fitted()

    nobody = fold_in(model, place(model.vocabulary, History()))
    unknown = np.array([-1])

    assert model.counts[-1] == 0
    assert abs(expected_stars(model, nobody, unknown)[0] - model.mean) < 1
    known = variance(model, nobody, np.arange(24))
    assert variance(model, nobody, unknown)[0] > np.median(known)
    assert model.doubt[-1] == model.doubt.max()


def test_it_learns_from_one_rating() -> None:
    model = learn(index(Ratings([7], [3], [4.0])))

    person = fold_in(model, place(model.vocabulary, History([3], [4.0])))

    stars = expected_stars(model, person, np.array([0, -1]))
    assert stars == pytest.approx([4.0, 4.0])


def test_it_learns_from_ratings_that_are_all_the_same() -> None:
    table = table_of_two_kinds()
    same = Ratings(table.users, table.items, np.full(table.users.size, 2.5))

    model = learn(index(same))

    person = fold_in(model, place(model.vocabulary, History([3, 4], [2.5, 2.5])))
    films = np.arange(-1, len(model.vocabulary))
    assert expected_stars(model, person, films) == pytest.approx(2.5)
    assert np.isfinite(variance(model, person, films)).all()


def test_it_cannot_learn_from_nothing() -> None:
    with pytest.raises(ValueError, match="no ratings"):
        learn(index(Ratings([], [], [])))


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(TasteConfig)])
@pytest.mark.parametrize("wrong", [-1, nan, inf])
def test_it_refuses_a_senseless_configuration(name: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        TasteConfig(**{name: wrong})


@pytest.mark.parametrize("name", ["factors", "rounds", "film_penalty", "noise_ratings"])
def test_it_refuses_nothing_where_something_is_needed(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        dataclasses.replace(TasteConfig(), **{name: 0})


@laws
@given(seeds)
def test_it_stays_finite_whatever_the_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_users, n_items = rng.integers(1, 7, 2).tolist()
    pairs = rng.permutation(n_users * n_items)[: rng.integers(1, 40)]
    stars = rng.integers(1, 11, pairs.size) / 2

    model = learn(index(Ratings(pairs // n_items, pairs % n_items, stars)))

    assert all(np.isfinite(array).all() for array in arrays_of(model))
    assert (model.noise > model.doubt).all()
    assert (model.doubt >= 0).all()
    assert (np.linalg.eigvalsh(model.precision) > 0).all()


def test_it_packs_symmetric_matrices_by_hand() -> None:
    packed = outer(np.array([[1.0, 2.0, 3.0]]))

    assert packed.tolist() == [[1, 2, 3, 4, 6, 9]]
    assert unpack(packed, 3).tolist() == [[[1, 2, 3], [2, 4, 6], [3, 6, 9]]]
    assert packed[:, corner(3, 2)].tolist() == [[1, 2, 4]]
    assert pack(unpack(packed, 3)).tolist() == packed.tolist()


def test_it_doubts_films_by_hand() -> None:
    """Prior means 1 and 3 and a variance of .5: E[p^2] = 5 + .5, E[p] = 2.

    A film whose p, b covary as [[.3, .1], [.1, .2]] is in .3 * 5.5 + 2 * .1 * 2 + .2.
    """
    nothing = np.empty((1, 0))
    films = Films(np.zeros((1, 2)), np.array([[0.3, 0.1, 0.2]]), np.ones(1), nothing)

    doubt = doubt_of_films(
        films, Prior(np.array([[1.0, 9.0], [3.0, 9.0]]), np.eye(2) * 2)
    )

    assert doubt == pytest.approx([2.25])


def test_it_cuts_costs_into_pieces_without_a_gap() -> None:
    found = list(cut(np.array([PIECE // 2, PIECE // 2, 3 * PIECE, 1, 1])))

    assert [(part.start, part.stop) for part in found] == [(0, 2), (2, 3), (3, 5)]


def test_it_names_the_groups_with_most_films() -> None:
    vocabulary = index(Ratings([1, 1, 1], [1, 2, 3], [3.0, 3.0, 3.0])).vocabulary
    groups = {1: ["b", "a", "b"], 2: ["a"], 3: [], 9: ["c", "c"]}

    names = group_names(vocabulary, groups)

    assert names == ("a", "b")
    assert group_names(vocabulary, groups, most=1) == ("a",)
    assert group_names(vocabulary, None) == ()
    half = 0.5**0.5
    rows = group_rows(vocabulary, groups, names)
    assert rows == pytest.approx(np.array([[half, half], [1, 0], [0, 0]]))


def test_it_finds_the_profiles_by_hand() -> None:
    # Two people, of whom one saw films 0 and 1, the other film 2: N has rows
    # (1, 1, 0) / sqrt 2 and (0, 0, 1), each a direction of its own.
    table = index(Ratings([1, 1, 2], [0, 1, 2], [3.0, 3.0, 3.0]))
    found = find_profiles(table, 2)

    seen = seen_profiles(table, found.films)
    raters = rater_profiles(table, found.people)

    assert seen @ seen.T == pytest.approx(np.eye(2))
    # Film 0 has one rater, who counts 1 / sqrt 2; film 2 one who counts 1.
    assert raters @ raters.T == pytest.approx(
        np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]])
    )


def identical_people(blocks: int, people: int, films: int) -> Ratings:
    """Groups of people, each of whom saw the films of their group and no others."""
    block, person, film = np.indices((blocks, people, films)).reshape(3, -1)
    stars = 1 + (person + 2 * film) % 9 / 2
    return Ratings(block * people + person, block * films + film, stars)


def who_rated_what(table: Table) -> Sparse:
    n_rated = np.bincount(table.users)
    return by_person(table, np.repeat(n_rated**-0.5, n_rated))


def complete_decomposition(table: Table) -> tuple[Floats, Floats]:
    """Singular values and the directions of films, from all of the matrix."""
    matrix = who_rated_what(table).toarray()
    _, sizes, films = np.linalg.svd(matrix, full_matrices=False)
    return sizes, films.T


@pytest.mark.parametrize("small", [0, 1000], ids=["blocks", "complete"])
@pytest.mark.parametrize(("people", "films"), [(300, 150), (150, 300)])
def test_it_finds_the_profiles_of_the_complete_decomposition(
    people: int, films: int, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "SMALL", small)
    table = table_of_two_kinds(n_users=people, n_items=films)
    sizes, directions = complete_decomposition(table)

    found = find_profiles(table, 5)

    # Two directions stand out, the others are noise, nearly as strong as one another.
    signs = np.sign((directions[:, :2] * found.films[:, :2]).sum(axis=0))
    assert found.films[:, :2] == pytest.approx(directions[:, :2] * signs, abs=1e-6)
    stretched = times(who_rated_what(table), found.films)
    assert np.linalg.norm(stretched, axis=0) == pytest.approx(sizes[:5], rel=1e-3)
    assert stretched[:, :2] == pytest.approx(found.people[:, :2] * sizes[:2], abs=1e-6)


def test_it_finds_all_directions_of_a_repeated_singular_value() -> None:
    table = index(identical_people(110, 10, 10))

    found = find_profiles(table, 40)

    # 110 values are equal, so any 40 directions among theirs are right.
    stretched = times(who_rated_what(table), found.films)
    assert np.linalg.norm(stretched, axis=0) == pytest.approx(10**0.5)
    assert found.films.T @ found.films == pytest.approx(np.eye(40), abs=1e-12)
    assert found.people.T @ found.people == pytest.approx(np.eye(40), abs=1e-12)


def test_it_never_gives_more_directions_than_there_are() -> None:
    found = find_profiles(index(identical_people(1, 3, 2)), 9)

    assert (found.people.shape, found.films.shape) == ((3, 2), (2, 2))
    assert np.isfinite(found.films).all()


DEGENERATE = """
import hashlib, numpy as np
from nexus.engine.learned.interactions import index
from nexus.engine.learned.taste import fit_taste
from tests.engine.learned.test_taste import SMALL, arrays_of, identical_people
table = index(identical_people(110, 10, 10))
model = fit_taste(table, config=SMALL, rng=np.random.default_rng(0))
print(hashlib.sha256(b"".join(one.tobytes() for one in arrays_of(model))).hexdigest())
"""


def test_it_gives_equal_bits_in_two_processes_of_identical_people() -> None:
    command = [sys.executable, "-c", DEGENERATE]
    runs = [
        subprocess.run(
            command, cwd=PROJECT_DIR, check=True, capture_output=True, text=True
        )
        for _ in range(2)
    ]

    assert len(runs[0].stdout) == 65
    assert runs[0].stdout == runs[1].stdout


def test_it_regresses_on_nothing_but_a_constant_by_hand() -> None:
    means = np.array([[1.0], [3.0]])

    found, prior = regress(
        np.ones((2, 1)), means, np.array([[4.0]]), np.zeros(1), np.array([0.4])
    )

    # Mean 2; (1 + 1 scatter + 4 spread + 5 * .4) / (2 + 5) = 8/7
    assert found == pytest.approx(np.array([[2.0]]))
    assert prior.means == pytest.approx(np.array([[2.0], [2.0]]))
    assert prior.precision == pytest.approx(np.array([[7 / 8]]))


def some_films(rng: np.random.Generator, n: int, k: int, g: int) -> Films:
    roots = rng.normal(0, 0.3, (n, k + 1, k + 1))
    return Films(
        means=rng.normal(size=(n, k + 1)),
        spread=pack(roots @ roots.transpose(0, 2, 1)),
        tau=rng.uniform(0.5, 2, n),
        groups=rng.integers(0, 2, (n, g)).astype(float),
    )


def meet(seed: int) -> tuple[Table, Films, Prior, Floats, Sums]:
    rng = np.random.default_rng(seed)
    table = table_of_two_kinds(8, 6, seed)
    films, d = some_films(rng, table.n_items, 2, 2), 5
    prior = Prior(rng.normal(size=(table.n_users, d)), np.eye(d) * 2 + 0.1)
    w, sums = meet_people(films, prior, pieces(table, 3.0, d))
    return table, films, prior, w, sums


@pytest.mark.parametrize("seed", range(5))
def test_it_meets_a_person_as_the_formula_says(seed: int) -> None:
    table, films, prior, w, _ = meet(seed)

    precision, pull = prior.precision, prior.precision @ prior.means[0]
    for item, stars in _rated_by(table, 0):
        x, covariance = films.rows[item], unpack(films.spread, 3)[item]
        tau, more = films.tau[item], np.zeros((5, 5))
        more[:2, :2] = covariance[:2, :2]
        precision = precision + tau * (np.outer(x, x) + more)
        pull = pull + tau * x * (stars - 3.0 - films.means[item, 2])
        pull[:2] -= tau * covariance[:2, 2]

    assert w[0] == pytest.approx(np.linalg.solve(precision, pull))


@pytest.mark.parametrize("seed", range(5))
def test_it_meets_a_film_as_the_formula_says(seed: int) -> None:
    table, films, prior, w, sums = meet(seed)
    film_prior = Prior(np.full((table.n_items, 3), 0.1), np.eye(3) * 3)
    counts = np.bincount(table.items)

    found = meet_films(films, film_prior, sums, counts, 10.0)

    spreads = _spreads(table, films, prior)
    precision, pull = film_prior.precision, film_prior.precision @ np.full(3, 0.1)
    for user, stars in _raters_of(table, 0):
        y, covariance = np.append(w[user, :2], 1.0), spreads[user]
        rest, moment = np.append(1.0, films.groups[0]), np.outer(y, y)
        moment[:2, :2] += covariance[:2, :2]
        left = y * (stars - 3.0 - w[user, 2:] @ rest)
        left[:2] -= covariance[:2, 2:] @ rest
        precision = precision + films.tau[0] * moment
        pull = pull + films.tau[0] * left
    assert found.means[0] == pytest.approx(np.linalg.solve(precision, pull))
    assert unpack(found.spread, 3)[0] == pytest.approx(np.linalg.inv(precision))


@pytest.mark.parametrize("seed", range(3))
def test_it_measures_noise_as_drawn_beliefs_show(seed: int) -> None:
    """The expected squared errors against their mean over draws of all beliefs."""
    table, films, prior, w, sums = meet(seed)
    film_prior = Prior(np.zeros((table.n_items, 3)), np.eye(3) * 3)
    counts = np.bincount(table.items)
    # Hardly drawn to the usual noise: tau = n / sum of squared errors.
    found = meet_films(films, film_prior, sums, counts, 1e-9)
    rng = np.random.default_rng(seed)

    spreads, squares, n = _spreads(table, films, prior), 0.0, 60_000
    beta = rng.multivariate_normal(found.means[0], unpack(found.spread, 3)[0], n)
    for user, stars in _raters_of(table, 0):
        drawn = rng.multivariate_normal(w[user], spreads[user], n)
        rest = drawn[:, 2:] @ np.append(1.0, films.groups[0])
        taste = (beta[:, :2] * drawn[:, :2]).sum(axis=1) + beta[:, 2]
        squares += float(np.mean((stars - 3.0 - rest - taste) ** 2))

    assert counts[0] / found.tau[0] == pytest.approx(squares, rel=0.03)


def _spreads(table: Table, films: Films, prior: Prior) -> Floats:
    found = np.tile(prior.precision, (table.n_users, 1, 1))
    covariances = unpack(films.spread, 3)
    for user, item in zip(table.users, table.items, strict=True):
        x, more = films.rows[item], np.zeros((5, 5))
        more[:2, :2] = covariances[item, :2, :2]
        found[user] += films.tau[item] * (np.outer(x, x) + more)
    return np.asarray(np.linalg.inv(found))


def _rated_by(table: Table, user: int) -> list[tuple[int, float]]:
    own = table.users == user
    return list(zip(table.items[own].tolist(), table.stars[own].tolist(), strict=True))


def _raters_of(table: Table, item: int) -> list[tuple[int, float]]:
    of = table.items == item
    return list(zip(table.users[of].tolist(), table.stars[of].tolist(), strict=True))
