"""Who is held out, how they are asked, and when a model is worse than another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nexus.engine.learned.interactions import History
from nexus.engine.results import Match
from nexus.recommendations.held_out import (
    FEWEST,
    MOST,
    Person,
    held_out,
    measure,
    place_of,
    split_people,
    worse,
)
from nexus.recommendations.interactions import Interactions

Floats = NDArray[np.float64]
GOOD = {"ndcg_10": 0.3, "ndcg_100": 0.4, "rmse": 0.9, "ece": 0.05}


def people(count: int) -> NDArray[np.int64]:
    """Return half members, half people from outside."""
    return np.arange(-(count // 2), count - count // 2, dtype=np.int64)


def ratings_of(person: int, films: int) -> Interactions:
    return Interactions(
        people=np.full(films, person, dtype=np.int64),
        films=np.arange(1, films + 1, dtype=np.int32),
        half_stars=np.full(films, 9, dtype=np.int8),
        moments=np.arange(films, dtype=np.int64),
        groups={},
    )


# Who


def test_a_tenth_is_held_out() -> None:
    found = held_out(people(2000))

    assert 150 < found.size < 250
    assert 60 < (found > 0).sum() < 140


def test_it_depends_on_nobody_else() -> None:
    every, some = people(2000), people(2000)[300:1500]

    assert set(held_out(some).tolist()) == set(held_out(every).tolist()) & set(
        some.tolist()
    )


def test_who_was_learned_from_is_not_held_out_when_more_come() -> None:
    trained = set(people(20_000).tolist()) - set(held_out(people(20_000)).tolist())

    assert not trained & set(held_out(people(40_000)).tolist())


@pytest.mark.parametrize(("count", "size"), [(20, FEWEST), (20_000, MOST)])
def test_there_are_neither_too_few_nor_too_many(count: int, size: int) -> None:
    assert held_out(people(count)).size == size


def test_places_are_even() -> None:
    places = place_of(people(10_000))

    assert ((places >= 0) & (places < 1)).all()
    assert np.histogram(places, bins=10, range=(0, 1))[0].min() > 900


# How they are asked


def split_of(films: int) -> list[Person]:
    everything = np.ones(films, dtype=np.bool_)
    rng = np.random.default_rng(0)
    return split_people(ratings_of(7, films), everything, rng=rng)


def test_four_fifths_are_told() -> None:
    (person,) = split_of(10)

    told, hidden = person.known.items.tolist(), person.hidden.items.tolist()
    assert (len(told), len(hidden)) == (8, 2)
    assert sorted(told + hidden) == list(range(1, 11))
    assert person.known.order is not None


def test_who_rated_hardly_anything_is_not_asked_about() -> None:
    assert split_of(4) == []


class Always:
    """Says the same of everybody: film by film, in the order of their ids."""

    def __init__(self, like: float, *, unknown: int = 0) -> None:
        self.like = like
        self.unknown = unknown

    def rank(self, history: History, candidates: NDArray[np.int64]) -> Floats:
        return np.where(candidates == self.unknown, np.nan, -candidates.astype(float))

    def match(self, history: History, candidates: NDArray[np.int64]) -> Match:
        like = np.where(candidates == self.unknown, np.nan, self.like)
        return Match(like, like * 5, like * 0, like * 0 + 5, like)


def test_figures_by_hand() -> None:
    person = Person(History([1, 2], [4.0, 5.0]), History([3, 5], [4.0, 2.0]))
    films = np.arange(1, 7, dtype=np.int64)

    found = measure(Always(0.8), [person], films, told=lambda done, total: None)

    # Film 3 comes first of those not told; expected are 4 stars: right, and 2 off.
    assert found["people"] == 1
    assert found["ndcg_10"] == found["ndcg_100"] == 1
    assert found["rmse"] == pytest.approx(2**0.5, abs=1e-6)
    assert found["ece"] == pytest.approx(0.3)
    assert (found["cover"], found["said"]) == (1, 1)


def test_what_a_model_cannot_say_counts_as_the_persons_mean() -> None:
    person = Person(History([1, 2], [3.0, 4.0]), History([3, 5], [3.5, 4.0]))
    films = np.arange(1, 7, dtype=np.int64)

    found = measure(Always(0.8, unknown=3), [person], films, told=lambda *_: None)

    assert found["said"] == 0.5
    assert found["rmse"] == 0


def test_with_nobody_to_ask_there_are_no_figures() -> None:
    assert measure(Always(0.8), [], np.arange(3), told=lambda *_: None) == {"people": 0}


# Which is worse


def test_an_equal_one_is_not_worse() -> None:
    assert worse(GOOD, GOOD) == []


def test_a_little_is_allowed() -> None:
    assert worse(GOOD | {"ndcg_10": 0.285, "rmse": 0.915}, GOOD) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("ndcg_10", 0.27), ("ndcg_100", 0.37), ("rmse", 0.93), ("ece", 0.08)],
)
def test_one_figure_is_enough(name: str, value: float) -> None:
    (reason,) = worse(GOOD | {name: value}, GOOD)

    assert reason == f"{name} is {value:.4f}, and was {GOOD[name]:.4f}"


def test_better_is_never_worse() -> None:
    better = {"ndcg_10": 0.9, "ndcg_100": 0.9, "rmse": 0.1, "ece": 0.0}

    assert worse(better, GOOD) == []


def test_without_another_none_is_worse() -> None:
    assert worse(GOOD, {}) == []


def test_what_cannot_be_told_any_more_is_worse() -> None:
    assert worse({"people": 0}, {"rmse": 0.9}) == [
        "rmse cannot be told, and was 0.9000"
    ]
