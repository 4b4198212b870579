from collections.abc import Iterable

import numpy as np
import pytest

from nexus.engine.evaluation.splits import (
    Fold,
    HeldOut,
    deal,
    rating_folds,
    strong_folds,
    temporal_fold,
)
from nexus.engine.learned.interactions import Ratings
from tests.engine.evaluation.tables import by_rows, two_kinds

RATINGS = two_kinds()


def pairs(person: HeldOut) -> set[tuple[int, int]]:
    films = [*person.known.items.tolist(), *person.hidden.items.tolist()]
    return {(person.person, film) for film in films}


def hidden_pairs(folds: Iterable[Fold]) -> list[tuple[int, int]]:
    return [
        (person.person, film)
        for fold in folds
        for person in fold.people
        for film in person.hidden.items.tolist()
    ]


def all_pairs(ratings: Ratings) -> set[tuple[int, int]]:
    return set(zip(ratings.users.tolist(), ratings.items.tolist(), strict=True))


def test_it_holds_each_person_out_once() -> None:
    folds = list(strong_folds(RATINGS, folds=5, seed=1))

    people = [person.person for fold in folds for person in fold.people]
    assert sorted(people) == sorted(set(RATINGS.users.tolist()))
    assert {len(fold.people) for fold in folds} == {8}


def test_it_never_trains_on_those_held_out() -> None:
    for fold in strong_folds(RATINGS, folds=5, seed=1):
        out = {person.person for person in fold.people}

        assert out.isdisjoint(fold.train.users.tolist())
        told = set().union(*(pairs(person) for person in fold.people))
        assert told | all_pairs(fold.train) == all_pairs(RATINGS)


def test_it_hides_a_fifth_of_each() -> None:
    for fold in strong_folds(RATINGS, folds=5, seed=1):
        for person in fold.people:
            n = len(person.known) + len(person.hidden)
            assert len(person.hidden) == max(round(0.2 * n), 1)


def test_it_hides_something_of_who_rated_two_and_nothing_of_who_rated_one() -> None:
    ratings = Ratings([1, 1, 2], [10, 11, 10], [4, 4, 4])

    folds = list(strong_folds(ratings, folds=2, seed=0))

    sizes = {
        one.person: (len(one.known), len(one.hidden))
        for fold in folds
        for one in fold.people
    }
    assert sizes == {1: (1, 1), 2: (1, 0)}


def test_it_splits_alike_in_whatever_order_ratings_come() -> None:
    other = by_rows(
        RATINGS, np.random.default_rng(3).permutation(len(RATINGS)).tolist()
    )

    one, two = (list(strong_folds(r, folds=3, seed=5)) for r in (RATINGS, other))

    assert hidden_pairs(one) == hidden_pairs(two)


def test_it_splits_otherwise_by_another_seed() -> None:
    one, two = (list(strong_folds(RATINGS, folds=3, seed=s)) for s in (5, 6))

    assert hidden_pairs(one) != hidden_pairs(two)


def test_it_keeps_stars_and_times_with_their_films() -> None:
    assert RATINGS.order is not None
    facts = zip(RATINGS.stars.tolist(), RATINGS.order.tolist(), strict=True)
    by_pair = dict(
        zip(zip(RATINGS.users, RATINGS.items, strict=True), facts, strict=True)
    )

    fold = next(strong_folds(RATINGS, folds=3, seed=5))

    for person in fold.people:
        for told in (person.known, person.hidden):
            assert told.order is not None
            for film, stars, time in zip(
                told.items, told.stars, told.order, strict=True
            ):
                assert by_pair[person.person, film] == (stars, time)


def test_it_cuts_time_once_for_everybody() -> None:
    ratings = Ratings(
        [1, 1, 2, 2, 3], [10, 11, 10, 11, 10], [4, 4, 4, 4, 4], [1, 5, 2, 3, 5]
    )

    fold = temporal_fold(ratings, share=0.8)

    assert all_pairs(fold.train) == {(1, 10), (2, 10), (2, 11)}
    later = {
        p.person: (p.known.items.tolist(), p.hidden.items.tolist()) for p in fold.people
    }
    assert later == {1: ([10], [11]), 3: ([], [10])}


@pytest.mark.parametrize(
    ("order", "reason"), [(None, "needs the order"), ([7, 7], "one moment")]
)
def test_it_needs_a_time_to_cut(order: list[int] | None, reason: str) -> None:
    ratings = Ratings([1, 2], [10, 10], [4, 4], order)

    with pytest.raises(ValueError, match=reason):
        temporal_fold(ratings)


def test_it_hides_each_rating_once() -> None:
    folds = list(rating_folds(RATINGS, folds=5, seed=1))

    hidden = hidden_pairs(folds)
    assert len(hidden) == len(set(hidden)) == len(RATINGS)
    assert set(hidden) == all_pairs(RATINGS)
    for fold in folds:
        assert all_pairs(fold.train).isdisjoint(hidden_pairs([fold]))


def test_it_deals_evenly() -> None:
    dealt = deal(11, 3, np.random.default_rng(0))

    assert sorted(np.bincount(dealt).tolist()) == [3, 4, 4]


@pytest.mark.parametrize(("n", "folds"), [(3, 4), (3, 1), (0, 2)])
def test_it_refuses_folds_without_people(n: int, folds: int) -> None:
    with pytest.raises(ValueError, match="cannot be dealt"):
        deal(n, folds, np.random.default_rng(0))
