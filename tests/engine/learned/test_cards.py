import numpy as np
import pytest

from nexus.engine.learned import cards
from nexus.engine.learned.cards import choose_cards, most_rated
from nexus.engine.learned.interactions import Ratings, index
from tests.engine.evaluation.tables import two_kinds

# Films 1 and 2 are liked by the same two, film 3 by the next two; the last one likes 4.
TWINS = index(
    Ratings([1, 1, 2, 2, 3, 4, 5], [1, 2, 1, 2, 3, 3, 4], [5, 5, 5, 5, 5, 5, 5])
)


def test_it_works() -> None:
    """By hand, of five people: |x_1|^2 = 2 - 4/5 = 6/5, x_1'x_2 = 6/5, x_1'x_3 = -4/5.

    So film 1 explains (36 + 36 + 16 + 4) / 25 / (6/5) = 46/15, film 3 only (36 + 16 +
    16 + 4) / 25 / (6/5) = 12/5. Nothing of film 2 is left, and once film 3 is known
    nothing of film 4.
    """
    assert choose_cards(TWINS, 4).tolist() == [1, 3]


def test_it_explains_as_much_as_it_says() -> None:
    """The greedy choice by its definition: least squares of the likes on who saw."""
    table = index(two_kinds())
    seen = np.zeros((table.n_users, table.n_items))
    likes = seen.copy()
    seen[table.users, table.items] = 1
    likes[table.users, table.items] = table.stars >= 4
    chosen: list[int] = []
    for _ in range(6):
        chosen.append(
            min(range(table.n_items), key=lambda j: _left(seen, likes, [*chosen, j]))
        )

    assert choose_cards(table, 6).tolist() == table.vocabulary.items[chosen].tolist()


def test_it_asks_what_people_have_seen_even_if_they_did_not_like_it() -> None:
    """Who saw film 1 likes film 2; nobody likes film 1 itself."""
    ratings = Ratings([1, 1, 2, 2, 3, 4], [1, 2, 1, 2, 3, 3], [1, 5, 1, 5, 2, 2])

    assert choose_cards(index(ratings), 1).tolist() == [1]


def test_it_asks_only_about_the_most_rated() -> None:
    table = index(two_kinds())

    asked = choose_cards(table, 10, n_candidates=12)

    assert asked.size == 10
    assert set(asked) < set(table.vocabulary.items[most_rated(table, 12)])


def test_it_asks_the_same_first_however_many_are_wanted() -> None:
    table = index(two_kinds())

    assert choose_cards(table, 3).tolist() == choose_cards(table, 9).tolist()[:3]


def test_it_counts_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    table = index(two_kinds())
    at_once = choose_cards(table, 9).tolist()

    monkeypatch.setattr(cards, "BLOCK", 7)

    assert choose_cards(table, 9).tolist() == at_once


def test_it_names_the_most_rated() -> None:
    assert most_rated(TWINS, 2).tolist() == [0, 1]
    assert choose_cards(TWINS, 3, n_candidates=1).tolist() == [1]


def test_it_chooses_nothing_of_nothing() -> None:
    assert choose_cards(index(Ratings([], [], [])), 5).tolist() == []
    assert choose_cards(index(Ratings([1], [7], [1.0])), 5).tolist() == []
    assert choose_cards(TWINS, 0).tolist() == []


def _left(seen: np.ndarray, likes: np.ndarray, chosen: list[int]) -> float:
    basis = np.column_stack([np.ones(len(seen)), seen[:, chosen]])
    rest = likes - basis @ np.linalg.lstsq(basis, likes, rcond=None)[0]
    return round(float((rest**2).sum()), 9)
