import math

import numpy as np
import pytest

from nexus.engine.arrays import Floats, Ints
from nexus.engine.evaluation.bootstrap import Interval
from nexus.engine.evaluation.ledger import Ledger
from nexus.engine.evaluation.matches import (
    ALL,
    Claims,
    MatchLedger,
    appraise,
    join,
    match_cases,
    measure_match,
    measure_ratings,
)
from nexus.engine.evaluation.splits import HeldOut
from nexus.engine.learned.interactions import History
from nexus.engine.results import Match


def person(n: int, stars: tuple[float, ...] = (5.0, 2.0)) -> HeldOut:
    hidden = History(range(500, 500 + len(stars)), stars)
    return HeldOut(n, History(range(n), [4.0] * n), hidden)


class Saying:
    """Says the same of every film."""

    def __init__(self, like: float) -> None:
        self.like = like

    def match(self, history: History, candidates: Ints) -> Match:
        said: Floats = np.full(candidates.size, self.like)
        return Match(said, said + 3, said + 1, said + 4, said)

    def expect(self, person: int, history: History, candidates: Ints) -> Floats:
        return np.full(candidates.size, 3.0)


def groups_of(n_known: int) -> dict[str, int]:
    cases = match_cases([person(n_known)], rng=np.random.default_rng(0))
    return {case.group: len(case.told) for case in cases}


def test_it_tells_as_much_as_the_range_asks() -> None:
    found = groups_of(30)

    assert list(found) == ["0", "1-5", "6-20", "21+"]
    assert found["0"] == 0
    assert 1 <= found["1-5"] <= 5
    assert 6 <= found["6-20"] <= 20
    assert found["21+"] == 30


def test_it_leaves_out_ranges_that_cannot_be_filled() -> None:
    assert list(groups_of(4)) == ["0", "1-5"]
    assert list(groups_of(0)) == ["0"]


def test_it_gathers_claims_by_range() -> None:
    cases = match_cases([person(4), person(3)], rng=np.random.default_rng(0))
    ledger = MatchLedger(0)

    measure_match("a", Saying(0.5), cases, ledger)

    assert ledger.claims("0", "a").people.tolist() == [4, 4, 3, 3]
    assert ledger.claims(ALL, "a").stars.size == 8
    assert [line.group for line in ledger.lines()] == [
        "0 ratings known",
        "1-5 ratings known",
        "all together",
    ]


def test_it_refuses_to_measure_silence() -> None:
    cases = match_cases([person(4)], rng=np.random.default_rng(0))

    with pytest.raises(ValueError, match="cannot say"):
        measure_match("a", Saying(math.nan), cases, MatchLedger(0))


def test_it_appraises_by_hand() -> None:
    """Two people, claims .9 and .1 on a like and a dislike each: all in order."""
    like = np.array([0.9, 0.1, 0.9, 0.1])
    stars = np.array([5.0, 2.0, 4.0, 3.5])
    claims = Claims(
        people=np.array([8, 8, 9, 9]),
        stars=stars,
        like=like,
        expected=stars + 0.5,
        low=np.full(4, 2.0),
        high=np.full(4, 4.0),
    )

    found = {name: one.value for name, one in appraise(claims, seed=0).items()}

    assert found == pytest.approx(
        {
            "AUC": 1.0,
            "log-loss": -math.log(0.9),
            "ECE": 0.1,
            "worst bin": 0.1,
            "80 % cover": 0.75,
            "RMSE": 0.5,
        }
    )


def test_it_is_less_sure_of_few_people() -> None:
    rng = np.random.default_rng(42)

    def width(n: int) -> float:
        like = rng.random(2000)
        stars = np.where(rng.random(2000) < like, 5.0, 1.0)
        owner = np.arange(2000) % n
        claims = Claims(owner, stars, like, stars, stars, stars)
        found = appraise(claims, seed=0)["log-loss"]
        return found.high - found.low

    assert width(500) < width(5) * 5


def test_it_joins_nothing_to_nothing() -> None:
    assert join([]).stars.size == 0


def test_it_sums_errors_by_person_by_hand() -> None:
    ledger = Ledger(0, {"RMSE": np.sqrt})

    measure_ratings("a", Saying(0), [person(1), person(2, (1.0,))], ledger)

    assert ledger.entries["all", "a"] == [
        {"RMSE": (5.0, 2.0), "MAE": (3.0, 2.0)},
        {"RMSE": (4.0, 1.0), "MAE": (2.0, 1.0)},
    ]
    (line,) = ledger.lines()
    rmse = line.cells["RMSE"]
    assert isinstance(rmse, Interval)
    assert rmse.value == pytest.approx(math.sqrt(3))
