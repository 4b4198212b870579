"""Who is held out, how they are asked, and when a model is worse than another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nexus.engine.learned.interactions import History
from nexus.engine.results import Match
from nexus.recommendations.held_out import (
    FEWEST,
    LEAST_RATINGS,
    MOST,
    SHARE,
    Bounds,
    Person,
    Places,
    measure,
    places_of,
    split_people,
    unmeasured,
    unseen_by,
    worse,
)
from nexus.recommendations.interactions import Interactions

Floats = NDArray[np.float64]
GOOD = {"ndcg_10": 0.3, "ndcg_100": 0.4, "rmse": 0.9, "ece": 0.05}


def people(count: int) -> NDArray[np.int64]:
    """Return half members, half people from outside."""
    return np.arange(-(count // 2), count - count // 2 + 1, dtype=np.int64)


def ratings_of(people: NDArray[np.int64], films: int = LEAST_RATINGS) -> Interactions:
    """Return each person's ratings of the first films; the first at their number."""
    each = np.repeat(np.sort(people[people != 0]), films)
    columns = np.tile(np.arange(1, films + 1), each.size // films)
    return Interactions(
        people=each,
        films=columns.astype(np.int32),
        half_stars=np.full(each.size, 9, dtype=np.int8),
        moments=np.abs(each) * 1000 + columns,
        groups={},
    )


def places(people: NDArray[np.int64]) -> Places:
    return places_of(ratings_of(people))


def trained(people: NDArray[np.int64]) -> set[int]:
    found = places(people)
    return set(found.people.tolist()) - set(found.held_out().tolist())


def unseen(people: NDArray[np.int64], bounds: Bounds) -> set[int]:
    """Return who is held out now, and below these bounds too."""
    found = places(people)
    asked = split_people(ratings_of(people), found, rng=np.random.default_rng(0))
    chosen = {one.place for one in unseen_by(asked, bounds)}
    return set(found.people[np.isin(found.places, list(chosen))].tolist())


# Who


def test_a_tenth_is_held_out() -> None:
    found = places(people(2000)).held_out()

    assert 150 < found.size < 250
    assert 60 < (found > 0).sum() < 140


def test_places_depend_on_nobody_else() -> None:
    every, some = places(people(2000)), places(people(2000)[300:1500])

    kept = np.isin(every.people, some.people)
    assert every.places[kept].tolist() == some.places.tolist()


@pytest.mark.parametrize(
    ("count", "size"),
    [(20, FEWEST), (10, 3), (2, 0), (4000, None), (20_000, MOST)],
)
def test_of_each_kind_neither_too_few_nor_too_many_are_held_out(
    count: int, size: int | None
) -> None:
    members = places(np.arange(1, count + 1, dtype=np.int64))
    bound = members.bounds()["members"]

    expected = np.count_nonzero(members.places < SHARE) if size is None else size
    assert members.held_out().size == expected == (members.places < bound).sum()
    assert members.bounds()[members.outside] == 1


def quiet(people: NDArray[np.int64], *, are_quiet: NDArray[np.bool_]) -> Interactions:
    """Let some of them have but one rating."""
    ratings = ratings_of(people)
    is_kept = (ratings.moments % 1000 == 1) | ~np.isin(
        ratings.people, people[are_quiet]
    )
    return Interactions(
        people=ratings.people[is_kept],
        films=ratings.films[is_kept],
        half_stars=ratings.half_stars[is_kept],
        moments=ratings.moments[is_kept],
        groups={},
    )


def test_the_lowest_may_be_quiet() -> None:
    """Others are asked in their place, and they are not learned from."""
    members = np.arange(1, 41, dtype=np.int64)
    lowest = np.argsort(places(members).places)
    ratings = quiet(members, are_quiet=np.isin(members, members[lowest[:7]]))

    found = places_of(ratings)

    asked = split_people(ratings, found, rng=np.random.default_rng(0))
    assert len(asked) == FEWEST
    assert set(found.held_out()) == set(members[lowest[: 7 + FEWEST]])


def test_where_most_are_quiet_a_third_is_held_out() -> None:
    members = np.arange(1, 41, dtype=np.int64)

    found = places_of(quiet(members, are_quiet=members > 2))

    assert found.held_out().size == 40 // 3


@pytest.mark.parametrize("sign", [1, -1])
def test_places_are_even(sign: int) -> None:
    found = places(sign * np.arange(1, 10_001, dtype=np.int64)).places

    assert ((found >= 0) & (found < 1)).all()
    assert np.histogram(found, bins=10, range=(0, 1))[0].min() > 900


def test_a_later_rating_moves_nobody() -> None:
    some = people(100)

    assert (
        places_of(ratings_of(some, 6)).places.tolist() == places(some).places.tolist()
    )


def test_of_nobody_nobody_is_held_out() -> None:
    found = places(np.empty(0, dtype=np.int64))

    assert found.held_out().size == 0
    assert found.bounds() == {"members": 1, found.outside: 1}


# Who is asked about when two are compared


@pytest.mark.parametrize("sizes", [(200, 20_000), (20_000, 400), (20_000, 100_000)])
def test_nobody_whom_either_model_has_learned_from(sizes: tuple[int, int]) -> None:
    """Whether people come or go, also beyond the most that are held out."""
    before, after = map(people, sizes)

    asked = unseen(after, places(before).bounds())

    assert len(asked) >= FEWEST
    assert not asked & trained(before)
    assert not asked & trained(after)


@pytest.mark.parametrize("seed", range(20))
def test_nobody_however_the_population_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    everybody = people(12_000)
    everybody = everybody[everybody != 0]
    crowds = [
        rng.choice(everybody, size=int(rng.integers(20, 12_000)), replace=False)
        for _ in range(2)
    ]

    asked = unseen(crowds[1], places(crowds[0]).bounds())

    assert not asked & (trained(crowds[0]) | trained(crowds[1]))


def test_members_remain_when_all_others_are_forgotten() -> None:
    everybody = people(4000)
    members = everybody[everybody > 0]

    asked = unseen(members, places(everybody).bounds())

    assert asked == set(places(members).held_out().tolist())


def test_members_are_new_to_a_model_of_others_alone() -> None:
    others = people(4000)[:2000]

    asked = unseen(people(100), places(others).bounds())

    assert {one for one in asked if one > 0} == {
        one for one in places(people(100)).held_out().tolist() if one > 0
    }


def test_nobody_of_another_import() -> None:
    """A number may mean somebody else there: only members are known to be unseen."""
    before, after = people(4000), people(4000)[1:]

    asked = unseen(after, places(before).bounds())

    assert asked == {one for one in places(after).held_out().tolist() if one > 0}


def test_in_the_same_import_everybody_is_known() -> None:
    others = people(4000)[:2000]

    assert unseen(others, places(others).bounds()) == set(places(others).held_out())


def test_of_a_model_without_bounds_nobody_is_known_to_be_unseen() -> None:
    assert unseen(people(4000), {}) == set()


# How they are asked


def split_of(films: int) -> list[Person]:
    ratings = ratings_of(np.array([7], dtype=np.int64), films)
    is_asked = np.array([films >= LEAST_RATINGS, True, True])
    three = Places(np.array([7, 8, 9]), np.array([0.05, 0.5, 0.6]), is_asked, "outside")
    return split_people(ratings, three, rng=np.random.default_rng(0))


def test_four_fifths_are_told() -> None:
    (person,) = split_of(10)

    told, hidden = person.known.items.tolist(), person.hidden.items.tolist()
    assert (len(told), len(hidden)) == (8, 2)
    assert sorted(told + hidden) == list(range(1, 11))
    assert person.known.order is not None
    assert (person.kind, person.place) == ("members", 0.05)


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
    known, hidden = History([1, 2], [4.0, 5.0]), History([3, 5], [4.0, 2.0])
    person = Person("members", 0.0, known, hidden)
    films = np.arange(1, 7, dtype=np.int64)

    found = measure(Always(0.8), [person], films, told=lambda done, total: None)

    # Film 3 comes first of those not told; expected are 4 stars: right, and 2 off.
    assert found["people"] == 1
    assert found["ndcg_10"] == found["ndcg_100"] == 1
    assert found["rmse"] == pytest.approx(2**0.5, abs=1e-6)
    assert found["ece"] == pytest.approx(0.3)
    assert (found["cover"], found["said"]) == (1, 1)


def test_what_a_model_cannot_say_counts_as_the_persons_mean() -> None:
    known, hidden = History([1, 2], [3.0, 4.0]), History([3, 5], [3.5, 4.0])
    person = Person("members", 0.0, known, hidden)
    films = np.arange(1, 7, dtype=np.int64)

    found = measure(Always(0.8, unknown=3), [person], films, told=lambda *_: None)

    assert found["said"] == 0.5
    assert found["rmse"] == 0


def test_with_nobody_to_ask_there_are_no_figures() -> None:
    assert measure(Always(0.8), [], np.arange(3), told=lambda *_: None) == {"people": 0}


@pytest.mark.parametrize("people", [0, 1, FEWEST - 1])
def test_of_few_people_too_little_is_known(people: int) -> None:
    (reason,) = unmeasured(GOOD | {"people": people})

    assert reason.startswith(f"only {people} people could be asked about, and it takes")


def test_enough_people_may_tell_too_little() -> None:
    found = {"people": FEWEST, "rmse": 0.9}

    assert unmeasured(found) == ["ndcg_10 cannot be told"]
    assert unmeasured(GOOD | {"people": FEWEST}) == []


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
