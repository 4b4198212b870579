import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus.engine.arrays import freeze
from nexus.engine.learned.interactions import (
    History,
    Ratings,
    Table,
    Vocabulary,
    index,
    place,
)
from tests.engine.films import laws

VOCABULARY = Vocabulary(np.array([-4, 10, 30]))


def test_it_works() -> None:
    table = index(Ratings([7, 5, 7], [30, 10, 10], [4, 0.5, 5.0], [3, 1, 2]))

    assert table.n_users == 2
    assert table.vocabulary.items.tolist() == [10, 30]
    assert table.users.tolist() == [0, 1, 1]
    assert table.items.tolist() == [0, 0, 1]
    assert table.stars.tolist() == [0.5, 5.0, 4.0]
    assert table.order is not None
    assert table.order.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("stars", [0, 0.4, 5.5, -1, math.nan, math.inf])
def test_it_refuses_stars_outside_the_scale(stars: float) -> None:
    with pytest.raises(ValueError, match=r"stars must be 0\.5\.\.5"):
        Ratings([1], [1], [stars])
    with pytest.raises(ValueError, match=r"stars must be 0\.5\.\.5"):
        History([1], [stars])


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (([1, 1], [2, 2], [3, 4]), "user 1 rated item 2 more than once"),
        (([1], [2, 3], [3, 4]), r"different lengths: \[1, 2, 2\]"),
        (([1], [2], [3], [1, 2]), "different lengths"),
        (([1.5], [2], [3]), "users must be whole numbers"),
        (([1], ["2"], [3]), "items must be whole numbers"),
        (([[1]], [2], [3]), "users must be one-dimensional"),
        (([1], [2], [[3]]), "stars must be one-dimensional"),
        (([1], [2], [3], [math.nan]), "order must be finite"),
        (([1], [2], [3], ["now"]), "order must be numbers"),
        (([math.nan], [2], [3]), "users must be whole numbers"),
        (([True], [2], [3]), "users must be numbers, not bool"),
        (([1, True], [2, 3], [3, 3]), "users must be numbers, not bool"),
        ((np.array([True]), [2], [3]), "users must be whole numbers, not bool"),
        ((np.array([1], dtype=object), [2], [3]), "users must be whole numbers"),
        (([1], np.array([2**63], dtype=np.uint64), [3]), "items must be 64-bit"),
        (([1], [2**63], [3]), "items must be 64-bit numbers with sign"),
        (([1], [2**64], [3]), "items must be whole numbers, not object"),
        (([1], [-(2**63) - 1], [3]), "items must be whole numbers, not object"),
        ((1, [2], [3]), "users must be one-dimensional, not 0-d"),
        (([1], np.array([[2]]), [3]), "items must be one-dimensional, not 2-d"),
        (([1], [2], ["4"]), "stars must be numbers, not <U1"),
        (([1, 2], [2, 2], [4, "3"]), "stars must be numbers, not <U21"),
        (([1], [2], [True]), "stars must be numbers, not bool"),
        (([1, 2], [2, 2], [3.0, np.True_]), "stars must be numbers, not bool"),
        (([1], [2], np.array([True])), "stars must be numbers, not bool"),
        (([1], [2], [None]), "stars must be numbers, not object"),
        (([1], [2], np.array([4.0], dtype=object)), "stars must be numbers"),
        (([1], [2], [4 + 0j]), "stars must be numbers, not complex128"),
        (([1], [2], np.array([[3.0]])), "stars must be one-dimensional, not 2-d"),
        (([1], [2], [3], [True]), "order must be numbers, not bool"),
        (([1], [2], [3], np.array(["2020"], "M8[s]")), "order must be numbers"),
    ],
)
def test_it_refuses_ratings_that_make_no_sense(
    fields: tuple[Any, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Ratings(*fields)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ((np.array([2**63], dtype=np.uint64), [4]), "items must be 64-bit"),
        (([True], [4]), "items must be numbers, not bool"),
        (([[1]], [4]), "items must be one-dimensional"),
        (([1], ["4"]), "stars must be numbers"),
        (([1], [True]), "stars must be numbers, not bool"),
        (([1], [4], [None]), "order must be numbers"),
        (([1], [4, 5]), r"different lengths: \[1, 2\]"),
    ],
)
def test_it_refuses_a_history_that_makes_no_sense(
    fields: tuple[Any, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        History(*fields)


def test_it_takes_the_whole_range_of_ids_and_any_type_of_number() -> None:
    ends = [-(2**63), 2**63 - 1]
    small: Any = np.array([3, 4], dtype=np.uint8)

    assert History(ends, [3, 4]).items.tolist() == ends
    assert (
        History(np.array([2**63 - 1], dtype=np.uint64), [3]).items.tolist() == ends[1:]
    )
    assert History(small, small, small).stars.tolist() == [3.0, 4.0]
    table = index(Ratings(ends[::-1], ends, [3, 4]))
    assert table.vocabulary.items.tolist() == ends
    assert table.vocabulary.columns(ends).tolist() == [0, 1]


def test_it_takes_nothing_masked_for_a_number() -> None:
    masked = np.ma.masked_array([3, 4], [False, True])

    for fields in ((masked, [3, 4]), ([3, 4], masked), ([3, 4], [3, 4], masked)):
        with pytest.raises(ValueError, match="must be all there, not masked"):
            History(*fields)
    with pytest.raises(ValueError, match="items must be all there"):
        VOCABULARY.columns(masked)


@pytest.mark.parametrize("wanted", [[True], ["1"], [[1]], [0.5], [2**63]])
def test_it_looks_no_nonsense_up(wanted: Any) -> None:
    with pytest.raises(ValueError, match="items must be"):
        VOCABULARY.columns(wanted)


def test_it_refuses_a_film_rated_twice_by_one_person() -> None:
    with pytest.raises(ValueError, match="more than once: 3"):
        History([3, 1, 3], [4, 4, 5])


def test_it_takes_no_ratings_at_all() -> None:
    table = index(Ratings([], [], []))

    assert (len(History()), table.n_users, table.n_items) == (0, 0, 0)
    assert table.vocabulary.columns([1]).tolist() == [-1]


def test_it_keeps_its_own_copy() -> None:
    stars = np.array([4.0])
    ratings = Ratings([1], [1], stars)

    stars[0] = 1.0

    assert ratings.stars.tolist() == [4.0]
    with pytest.raises(ValueError, match="read-only"):
        ratings.stars[0] = 1.0


def test_it_finds_columns_and_tells_unknown_ids() -> None:
    columns = VOCABULARY.columns([30, 11, -4, 99, -5, 10])

    assert columns.tolist() == [2, -1, 0, -1, -1, 1]


def test_it_finds_those_of_one_catalogue_and_of_another() -> None:
    one, other = freeze(np.array([30, 11])), freeze(np.array([11, -5]))

    found = [VOCABULARY.columns_of_all(ids).tolist() for ids in (one, one, other, one)]

    assert found == [[2, -1], [2, -1], [-1, -1], [2, -1]]


def test_it_looks_an_array_up_again_that_may_have_changed() -> None:
    ids = np.array([30, 11])
    VOCABULARY.columns_of_all(ids)
    ids[0] = 10

    assert VOCABULARY.columns_of_all(ids).tolist() == [1, -1]


def test_a_history_does_not_take_the_place_of_a_catalogue() -> None:
    catalogue = freeze(np.array([30, 11]))
    first = VOCABULARY.columns_of_all(catalogue)

    place(VOCABULARY, History([30, 11, -4], [5, 4, 3]))

    assert VOCABULARY.columns_of_all(catalogue) is first


@pytest.mark.parametrize("items", [[3, 1], [1, 1]])
def test_it_refuses_a_vocabulary_out_of_order(items: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        Vocabulary(np.array(items))


def test_it_places_the_known_part_of_a_history_by_column() -> None:
    known = place(VOCABULARY, History([30, 11, -4], [5, 4, 3]))

    assert known.columns.tolist() == [0, 2]
    assert known.stars.tolist() == [3.0, 5.0]


def test_it_places_nothing_of_an_empty_history() -> None:
    assert len(place(VOCABULARY, History())) == 0


@laws
@given(
    pairs=st.sets(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=30),
    seed=st.integers(0, 99),
)
def test_it_does_not_mind_the_order_of_the_ratings(
    pairs: set[tuple[int, int]], seed: int
) -> None:
    users, items = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    stars = (1 + (users * 3 + items) % 10) / 2
    when = users * 20 + items
    mixed = np.random.default_rng(seed).permutation(users.size)

    one = index(Ratings(users, items, stars, when))
    two = index(Ratings(users[mixed], items[mixed], stars[mixed], when[mixed]))

    assert _bytes(one) == _bytes(two)


def _bytes(table: Table) -> list[bytes]:
    assert table.order is not None
    ids = table.vocabulary.items
    arrays = [table.users, table.items, table.stars, table.order, ids]
    fields = {field.name for field in dataclasses.fields(table)}
    assert fields == {"users", "items", "stars", "order", "n_users", "vocabulary"}
    return [array.tobytes() for array in arrays]
