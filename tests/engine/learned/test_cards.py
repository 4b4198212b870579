import numpy as np

from nexus.engine.learned.cards import choose_cards, most_rated
from nexus.engine.learned.interactions import Ratings, index
from tests.engine.evaluation.tables import two_kinds

# Films 1 and 2 are liked by the same three, film 3 by another one.
TWINS = index(Ratings([1, 1, 2, 2, 3, 3, 4], [1, 2, 1, 2, 1, 2, 3], [5] * 7))


def test_it_asks_of_each_kind_of_film() -> None:
    first, second = choose_cards(index(two_kinds()), 2).tolist()

    assert (first - second) % 2 == 1


def test_it_leaves_out_what_a_card_before_explains() -> None:
    assert choose_cards(TWINS, 3).tolist() == [1, 3]


def test_it_explains_as_much_as_it_says() -> None:
    """The greedy choice by its definition: least squares on the likes themselves."""
    table = index(two_kinds())
    likes = np.zeros((table.n_users, table.n_items))
    likes[table.users, table.items] = table.stars >= 4
    chosen: list[int] = []
    for _ in range(4):
        chosen.append(
            min(range(table.n_items), key=lambda j: _left(likes, [*chosen, j]))
        )

    assert choose_cards(table, 4).tolist() == table.vocabulary.items[chosen].tolist()


def test_it_names_the_most_rated() -> None:
    assert most_rated(TWINS, 2).tolist() == [0, 1]
    assert choose_cards(TWINS, 3, n_candidates=1).tolist() == [1]


def test_it_chooses_nothing_of_nothing() -> None:
    assert choose_cards(index(Ratings([], [], [])), 5).tolist() == []
    assert choose_cards(index(Ratings([1], [7], [1.0])), 5).tolist() == []
    assert choose_cards(TWINS, 0).tolist() == []


def _left(likes: np.ndarray, chosen: list[int]) -> float:
    basis = likes[:, chosen]
    rest = likes - basis @ np.linalg.lstsq(basis, likes, rcond=None)[0]
    return round(float((rest**2).sum()), 9)
