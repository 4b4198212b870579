"""What is promised to be exact, over thousands of random models, people and films.

The largest errors are told at the end of the run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from nexus.engine.arrays import Floats
from nexus.engine.learned.calibration import MIDDLE, Calibration, chance, line
from nexus.engine.learned.explanation import explain, odds_of, share_stars
from nexus.engine.learned.fold_in import (
    Person,
    expected_stars,
    fold_in,
    variance,
    without,
)
from nexus.engine.learned.interactions import Known, Table
from nexus.engine.learned.matching import foresee
from nexus.engine.learned.taste import TasteModel
from nexus.engine.learned.taste_steps import Films, Prior, meet_people, pieces
from tests.engine.learned.fitted import small_model
from tests.engine.learned.tastes import draw_known, drawn, fitted

TITLE = "Exactness of the learned engine"
MOST = 1e-9
Cell = Callable[[str, str, str, str], None]

many = settings(max_examples=200, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**32 - 1)


@dataclass
class Tally:
    """Counts the cases of one promise and keeps the largest error."""

    name: str
    cases: int = 0
    worst: float = 0.0

    def error(self, ours: Floats, theirs: Floats, cell: Cell) -> float:
        """Return the largest difference; NaN, which no bound lets pass, if one is."""
        errors = np.abs(np.asarray(ours - theirs))
        found = float(errors.max(initial=0.0))
        self.cases += errors.shape[0] if errors.ndim else 1
        self.worst = max(self.worst, found)
        cell(TITLE, self.name, "cases", str(self.cases))
        cell(TITLE, self.name, "largest error", f"{self.worst:.0e}")
        return found


STARS = Tally("shares add up to expected stars")
ODDS = Tally("components add up to log-odds")
POINTS = Tally("reasons add up to points")
WITHOUT = Tally("without a rating, as if it never was")
SOLVED = Tally("a person folded in, by least squares")
TRAINED = Tally("a person folded in, as in training")


@dataclass(frozen=True)
class Case:
    """A model, somebody with some ratings, and all films there are and one more."""

    model: TasteModel
    person: Person
    films: np.ndarray
    rng: np.random.Generator = field(repr=False)


def draw(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    fits = (lambda: drawn(rng), lambda: fitted(0.0), lambda: fitted(2.0))
    model = fits[rng.integers(3)]()
    person = fold_in(model, draw_known(model, rng))
    return Case(model, person, np.arange(-1, len(model.vocabulary)), rng)


def calibration() -> Calibration:
    return small_model().calibration


@many
@given(seed=seeds)
def test_it_adds_up_in_stars(seed: int, cell: Cell) -> None:
    case = draw(seed)
    expected = expected_stars(case.model, case.person, case.films)

    shared = share_stars(case.model, case.person, case.films)

    added = shared.average + shared.components.sum(axis=1)
    assert STARS.error(added, expected, cell) <= MOST


@many
@given(seed=seeds)
def test_it_adds_up_in_log_odds(seed: int, cell: Cell) -> None:
    case = draw(seed)
    foreseen = foresee(case.model, case.person, case.films)

    shared = share_stars(case.model, case.person, case.films)
    odds = odds_of(line(calibration(), foreseen), shared)

    offset, slope = line(calibration(), foreseen)
    added = np.array([one.base + sum(one.parts) for one in odds])
    assert (
        ODDS.error(added, offset + slope * (foreseen.expected - MIDDLE), cell) <= MOST
    )
    like = chance(calibration(), foreseen)
    certain = np.abs(added) > 5
    assert ODDS.error(added[~certain], logit(like[~certain]), cell) <= MOST


@many
@given(seed=seeds)
def test_it_adds_up_in_points(seed: int, cell: Cell) -> None:
    case = draw(seed)
    foreseen = foresee(case.model, case.person, case.films)
    average = np.full(case.films.size, case.model.mean)
    ids = [-1, *case.model.vocabulary.items.tolist()]

    found = explain(case.model, calibration(), case.person, ids)

    bases = np.array([one.base for one in found])
    without = 100 * line(calibration(), foreseen).chance(average)
    assert POINTS.error(bases, without, cell) <= MOST
    gained = np.array([sum(reason.points for reason in one.reasons) for one in found])
    assert (
        POINTS.error(bases + gained, 100 * chance(calibration(), foreseen), cell)
        <= MOST
    )
    for one in found:
        whole = one.base_points + sum(part.points for part in one.components)
        assert whole == one.match_score


@many
@given(seed=seeds)
def test_it_leaves_ratings_out_exactly(seed: int, cell: Cell) -> None:
    case = draw(seed)
    known = case.person.known

    for at in case.rng.permutation(len(known))[:4].tolist():
        left = without(case.model, case.person, at)

        others = Known(np.delete(known.columns, at), np.delete(known.stars, at))
        anew = fold_in(case.model, others)
        for answer in (expected_stars, variance):
            ours = answer(case.model, left, case.films)
            assert (
                WITHOUT.error(ours, answer(case.model, anew, case.films), cell) <= MOST
            )


@many
@given(seed=seeds)
def test_it_solves_the_posterior(seed: int, cell: Cell) -> None:
    case = draw(seed)

    usual, root = prior_mean(case.model, case.person.known), cholesky(case.model)
    rows, wanted = [root.T], [root.T @ usual]
    for column, stars in pairs(case.person.known):
        weight = case.model.noise[column] ** -0.5
        rows.append(case.model.rows(np.array([column])) * weight)
        left = stars - case.model.mean - case.model.quality[column]
        wanted.append(np.array([left * weight]))
    system = np.vstack(rows)
    w = np.linalg.lstsq(system, np.concatenate(wanted), rcond=None)[0]
    covariance = np.linalg.inv(system.T @ system)

    assert SOLVED.error(case.person.w, np.asarray(w, dtype=np.float64), cell) <= MOST
    assert (
        SOLVED.error(case.person.covariance, np.asarray(covariance, np.float64), cell)
        <= MOST
    )


@many
@given(seed=seeds)
def test_it_trains_people_as_it_folds_them_in(seed: int, cell: Cell) -> None:
    """One step of EM, the films known for sure, is the fold-in of everybody."""
    case = draw(seed)
    model, n = case.model, len(case.model.vocabulary)
    people = [draw_known(model, case.rng) for _ in range(4)]
    people = [one for one in people if len(one)] or [Known(*all_films(n))]
    means = np.array([prior_mean(model, one) for one in people])

    trained, _ = meet_people(
        sure(model, n),
        Prior(means, model.precision),
        pieces(tell(people, model), model.mean, model.precision.shape[0]),
    )

    folded = np.array([fold_in(model, one).w for one in people])
    assert TRAINED.error(trained, folded, cell) <= MOST


def prior_mean(model: TasteModel, known: Known) -> Floats:
    """m0, film by film."""
    n = len(known)
    if not n:
        return model.usual
    pull = sum(
        (
            model.seen.rows(np.array([column]))[0] / np.sqrt(n) @ model.pull
            for column, _ in pairs(known)
        ),
        start=np.zeros(model.usual.size),
    )
    return np.asarray(
        model.usual + n / (n + model.pull_ratings) * (pull - model.unpulled)
    )


def cholesky(model: TasteModel) -> Floats:
    return np.asarray(np.linalg.cholesky(model.precision))


def pairs(known: Known) -> list[tuple[int, float]]:
    return list(zip(known.columns.tolist(), known.stars.tolist(), strict=True))


def all_films(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), np.full(n, 3.0)


def sure(model: TasteModel, n: int) -> Films:
    """The films of a model as training has them, without any doubt about them."""
    k, rows = model.k, model.rows(np.arange(n))
    means = np.column_stack([rows[:, :k], model.quality[:n]])
    spread = np.zeros((n, (k + 1) * (k + 2) // 2))
    return Films(means, spread, 1 / model.noise[:n], rows[:, k + 1 :])


def tell(people: list[Known], model: TasteModel) -> Table:
    users = np.repeat(np.arange(len(people)), [len(one) for one in people])
    return Table(
        users=users,
        items=np.concatenate([one.columns for one in people]),
        stars=np.concatenate([one.stars for one in people]),
        order=None,
        n_users=len(people),
        vocabulary=model.vocabulary,
    )
