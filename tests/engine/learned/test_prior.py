import numpy as np
import pytest

from nexus.engine.learned.interactions import Ratings, Vocabulary, index
from nexus.engine.learned.prior import build_genres, rated_share

# Film 1 was rated by both people long ago, film 2 by one of them just now.
TABLE = index(Ratings([1, 2, 2], [1, 1, 2], [4, 2, 5], [10, 20, 30]))


def test_it_shares_films_by_who_rated_them() -> None:
    assert rated_share(TABLE, None).tolist() == [1.0, 0.5]


def test_it_lets_old_ratings_fade_by_hand() -> None:
    """Ages 2/3, 1/3 and 0 at a half-life of 1/3 weigh 1/4, 1/2 and 1.

    The people's mean weights are 1/4 and 3/4, so the shares are 3/4 and 1.
    """
    assert rated_share(TABLE, 1 / 3) == pytest.approx([0.75, 1.0])


def test_it_counts_all_alike_without_an_order() -> None:
    table = index(Ratings([1, 2, 2], [1, 1, 2], [4, 2, 5]))

    assert rated_share(table, 0.1).tolist() == [1.0, 0.5]


def test_it_compares_declared_genres_by_hand() -> None:
    genres = build_genres(
        Vocabulary(np.array([1, 2, 3])), {1: ["War"], 2: ["War", "Love"], 9: ["Space"]}
    )

    assert genres.names == ("Love", "War")
    assert genres.likeness(["War"]) == pytest.approx([1, np.sqrt(0.5), 0])
    assert genres.likeness(["War", "Love", "War"]) == pytest.approx(
        [np.sqrt(0.5), 1, 0]
    )
    assert genres.likeness(["unheard of"]).tolist() == [0, 0, 0]


def test_it_knows_no_genres_where_none_are_given() -> None:
    genres = build_genres(Vocabulary(np.array([1, 2])), {})

    assert genres.likeness(["War"]).tolist() == [0, 0]
