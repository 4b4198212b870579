import math

import numpy as np
import pytest

from nexus.engine.arrays import Floats, Ints
from nexus.engine.evaluation.ledger import Ledger
from nexus.engine.evaluation.rankings import (
    EVERYBODY,
    LIKES_HIDDEN,
    NEWCOMERS,
    RATED_HIDDEN,
    RETURNING,
    Shown,
    answers,
    cold_cases,
    figures,
    measure_cold,
    measure_later,
    measure_strong,
    usual_genres,
)
from nexus.engine.evaluation.splits import Fold, HeldOut
from nexus.engine.learned.interactions import History, Ratings, Vocabulary

CATALOGUE = Vocabulary(np.arange(10, 16))
# Known: 10 liked, 11 disliked; hidden: 13 liked, 14 disliked.
PERSON = HeldOut(1, History([10, 11], [5, 1]), History([13, 14], [4.5, 2]))


class ByNumber:
    """The lower the id, the better; films named as blind it cannot judge."""

    def __init__(self, *blind: int) -> None:
        self.blind = blind

    def rank(self, history: History, candidates: Ints) -> Floats:
        scores = np.full(candidates.size, np.nan)
        seen = ~np.isin(candidates, self.blind)
        scores[seen] = -candidates[seen]
        return scores


class Declaring(ByNumber):
    def rank_declared(
        self, history: History, candidates: Ints, declared: object
    ) -> Floats:
        return candidates.astype(np.float64)


def strong(model: ByNumber, person: HeldOut = PERSON) -> tuple[Ledger, Shown]:
    ledger, shown = Ledger(0), Shown(len(CATALOGUE))
    everything = Ratings([7] * 6, CATALOGUE.items, [4] * 6)
    fold = Fold(everything, (person,))
    measure_strong("a", model, fold, ledger, shown, CATALOGUE)
    return ledger, shown


def ndcg_of(ledger: Ledger, group: str) -> list[float]:
    return [figure["NDCG@10"][0] for figure in ledger.entries[group, "a"]]


def test_it_hides_more_or_less_by_hand() -> None:
    """12 13 ...: the like is second; 11 12 13 ... with the dislike shown: third."""
    ledger, _ = strong(ByNumber())

    assert ndcg_of(ledger, RATED_HIDDEN) == pytest.approx([1 / math.log2(3)])
    assert ndcg_of(ledger, LIKES_HIDDEN) == pytest.approx([1 / math.log2(4)])


def test_it_counts_a_like_that_cannot_be_ranked_as_missed() -> None:
    ledger, _ = strong(ByNumber(13))

    assert ndcg_of(ledger, RATED_HIDDEN) == [0]


def test_it_leaves_out_people_without_a_hidden_like() -> None:
    ledger, _ = strong(ByNumber(), HeldOut(1, PERSON.known, History([14], [2])))

    assert not ledger.entries


def test_it_refuses_a_model_that_hides_what_is_rated() -> None:
    with pytest.raises(ValueError, match="must score rated films"):
        strong(ByNumber(11))


def test_it_counts_films_shown() -> None:
    _, shown = strong(ByNumber())

    assert shown.coverage(RATED_HIDDEN, "a") == pytest.approx(4 / 6)
    assert shown.coverage(LIKES_HIDDEN, "a") == pytest.approx(5 / 6)


def test_it_tells_newcomers_from_those_known_before() -> None:
    ledger = Ledger(0)
    newcomer = HeldOut(2, History(), PERSON.hidden)

    measure_later("a", ByNumber(), [PERSON, newcomer], ledger, CATALOGUE)

    assert ndcg_of(ledger, EVERYBODY) == pytest.approx(
        [1 / math.log2(3), 1 / math.log2(5)]
    )
    assert ndcg_of(ledger, RETURNING) == pytest.approx([1 / math.log2(3)])
    assert ndcg_of(ledger, NEWCOMERS) == pytest.approx([1 / math.log2(5)])


def test_it_finds_likes_in_a_list_by_hand() -> None:
    found = figures(np.array([5, 3]), PERSON.hidden, CATALOGUE)

    assert found == pytest.approx(
        {
            "NDCG@10": 1 / math.log2(3),
            "NDCG@100": 1 / math.log2(3),
            "Recall@20": 1,
            "Recall@50": 1,
        }
    )


def test_it_tells_what_somebody_says_of_cards() -> None:
    found = answers(PERSON.known, [11, 15])

    assert (found.items.tolist(), found.stars.tolist()) == ([11], [1])


def test_it_makes_cold_cases_of_each_person() -> None:
    known = History(range(100, 112), [4] * 12)
    person = HeldOut(1, known, PERSON.hidden)

    cases = cold_cases(
        [person], cards={"cards": [100, 999]}, likely=None, rng=np.random.default_rng(0)
    )

    told = {case.group: len(case.told) for case in cases}
    assert told == {
        "0 ratings": 0,
        "1 rating": 1,
        "3 ratings": 3,
        "5 ratings": 5,
        "10 ratings": 10,
        "cards": 1,
    }
    assert all(case.declared is None for case in cases)


def test_it_keeps_what_is_known_but_not_told_out_of_the_list() -> None:
    cases = cold_cases([PERSON], cards={}, likely=None, rng=np.random.default_rng(0))
    ledger = Ledger(0)

    measure_cold("a", ByNumber(), cases[:1], ledger, CATALOGUE)

    assert ndcg_of(ledger, "0 ratings") == pytest.approx([1 / math.log2(3)])


def test_it_asks_for_genres_only_who_takes_them() -> None:
    groups = {10: ("war",), 11: ("love",), 13: ("war",)}
    usual = usual_genres(Ratings([7, 7], [10, 11], [5, 5]), groups)
    cases = cold_cases([PERSON], cards={}, likely=usual, rng=np.random.default_rng(0))
    ledger = Ledger(0)

    measure_cold("plain", ByNumber(), cases, ledger, CATALOGUE)
    measure_cold("asks", Declaring(), cases, ledger, CATALOGUE)

    asked = [name for group, name in ledger.entries if group == "0 ratings + genres"]
    assert asked == ["asks"]


def test_it_declares_what_is_remarkable_by_hand() -> None:
    """Usually 3 of 4 likes are drama and 1 is war; one like of each is more war."""
    groups = {1: ("drama",), 2: ("drama",), 3: ("drama",), 4: ("war",)}
    usual = usual_genres(Ratings([7] * 4, [1, 2, 3, 4], [5] * 4), groups)

    assert usual.shares == {"drama": 0.75, "war": 0.25}
    assert usual.declared_by(History([1, 4], [5, 4])) == ("war", "drama")
    assert usual.declared_by(History([1, 4], [2, 3])) == ()
