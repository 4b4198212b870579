"""Ratings as the learned engine reads them: ids at the border, row numbers inside.

`Ratings` (of many people) and `History` (of one) are what callers hand over; they are
checked when made and frozen. `index` turns ratings into the `Table` that is fitted,
sorted, so that the order in which ratings arrive changes no bit of any result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nexus.engine.arrays import Bools, Floats, Ids, Ints, as_ids, freeze

LEAST_STARS = 0.5
MOST_STARS = 5.0
MOST_ID = np.iinfo(np.int64).max
BOOLS = frozenset({bool, np.bool_})

Columns: TypeAlias = NDArray[np.intp]
Numbers: TypeAlias = Sequence[float] | Floats | Ints


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Ratings of many people: row k says that users[k] gave items[k] stars[k].

    users, items: int64[k], any ids; a pair may occur once only
    stars:        float64[k], 0.5..5
    order:        float64[k] or None: when it was given, in any unit that grows

    ValueError if a field breaks its rule or the lengths differ. May be empty.
    """

    users: Ints
    items: Ints
    stars: Floats
    order: Floats | None = None

    def __init__(
        self, users: Ids, items: Ids, stars: Numbers, order: Numbers | None = None
    ) -> None:
        _set(self, "users", _ids("users", users))
        _set(self, "items", _ids("items", items))
        _set(self, "stars", _stars(stars))
        _set(self, "order", None if order is None else _numbers("order", order))
        _check_lengths(self.users, self.items, self.stars, self.order)
        _check_pairs(self.users, self.items)

    def __len__(self) -> int:
        return self.users.size


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One person's ratings: items int64[m] distinct, stars and order float64[m].

    order is kept for models that use it; these here do not. ValueError as for
    `Ratings`. An empty history is somebody new.
    """

    items: Ints
    stars: Floats
    order: Floats | None = None

    def __init__(
        self, items: Ids = (), stars: Numbers = (), order: Numbers | None = None
    ) -> None:
        _set(self, "items", freeze(as_ids(_ids("items", items))))
        _set(self, "stars", _stars(stars))
        _set(self, "order", None if order is None else _numbers("order", order))
        _check_lengths(self.items, self.stars, self.order)

    def __len__(self) -> int:
        return self.items.size


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The films a model knows: items int64[n], ascending; the place is the column.

    last: what `columns_of_all` was asked about, and the columns
    """

    items: Ints
    last: list[tuple[Ints, Columns]] = field(
        default_factory=list, init=False, repr=False
    )

    def __post_init__(self) -> None:
        if not (self.items[1:] > self.items[:-1]).all():
            raise ValueError("a vocabulary must be ascending, each id once")

    def __len__(self) -> int:
        return self.items.size

    def columns_of_all(self, ids: Ids) -> Columns:
        """`columns`, looked up once for an array that stays as it is: a catalogue's."""
        if not isinstance(ids, np.ndarray) or ids.flags.writeable:
            return self.columns(ids)
        for asked, columns in self.last:
            if asked is ids:
                return columns
        found = freeze(self.columns(ids))
        self.last[:] = [(ids, found)]
        return found

    def columns(self, ids: Ids) -> Columns:
        """intp[m]: the column of each id, in the order given; -1 for unknown ones."""
        wanted = _ids("items", ids)
        if not self.items.size:
            return np.full(wanted.size, -1, dtype=np.intp)
        found = np.minimum(np.searchsorted(self.items, wanted), self.items.size - 1)
        return np.where(self.items[found] == wanted, found, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Ratings with row numbers for ids, sorted by user row, then item column.

    users, items: intp[k], 0..n_users-1 and 0..n_items-1; every user and item occurs
    stars:        float64[k]
    order:        float64[k] or None
    """

    users: Columns
    items: Columns
    stars: Floats
    order: Floats | None
    n_users: int
    vocabulary: Vocabulary

    @property
    def n_items(self) -> int:
        return len(self.vocabulary)


def index(ratings: Ratings) -> Table:
    """Number the users and the items by ascending id and sort the ratings by both."""
    user_ids, users = np.unique(ratings.users, return_inverse=True)
    item_ids, items = np.unique(ratings.items, return_inverse=True)
    by_pair = np.lexsort((items, users))
    order = None if ratings.order is None else freeze(ratings.order[by_pair])
    return Table(
        users=freeze(users[by_pair].astype(np.intp)),
        items=freeze(items[by_pair].astype(np.intp)),
        stars=freeze(ratings.stars[by_pair]),
        order=order,
        n_users=user_ids.size,
        vocabulary=Vocabulary(freeze(item_ids)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The part of a history that a model knows: columns intp[m] ascending.

    stars: float64[m]
    """

    columns: Columns
    stars: Floats

    def __len__(self) -> int:
        return self.columns.size


def place(vocabulary: Vocabulary, history: History) -> Known:
    """Find the films of a history among a model's columns; unknown ones are left out.

    Sorted by column, so that the order of a history changes no bit of an answer.
    """
    columns = vocabulary.columns(history.items)
    rows = np.argsort(columns, kind="stable")
    rows = rows[np.count_nonzero(columns < 0) :]
    return Known(columns[rows], history.stars[rows])


def _set(frozen: object, name: str, value: object) -> None:
    object.__setattr__(frozen, name, value)


def _ids(name: str, ids: Ids) -> Ints:
    found = _flat(name, ids)
    if found.size and found.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers, not {found.dtype}")
    if found.dtype.kind == "u" and found.size and found.max() > MOST_ID:
        raise ValueError(f"{name} must be 64-bit numbers with sign, not {found.max()}")
    return freeze(found.astype(np.int64))


def _numbers(name: str, values: Numbers) -> Floats:
    found = _floats(name, values)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite")
    return found


def _stars(values: Numbers) -> Floats:
    found = _floats("stars", values)
    wrong: Bools = ~((found >= LEAST_STARS) & (found <= MOST_STARS))
    if wrong.any():
        raise ValueError(f"stars must be 0.5..5, not {found[wrong][0]}")
    return found


def _floats(name: str, values: Numbers) -> Floats:
    found = _flat(name, values)
    if found.size and found.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers, not {found.dtype}")
    return freeze(found.astype(np.float64))


def _flat(name: str, values: Ids | Numbers) -> NDArray[Any]:
    """The values as an array, whatever their type; no bool is taken for a number."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} must be all there, not masked")
    found = np.asarray(values)
    if found.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not {found.ndim}-d")
    if isinstance(values, Sequence) and not BOOLS.isdisjoint(map(type, values)):
        raise ValueError(f"{name} must be numbers, not bool")
    return found


def _check_lengths(*fields: Ints | Floats | None) -> None:
    sizes = [field.size for field in fields if field is not None]
    if len(set(sizes)) > 1:
        raise ValueError(f"fields of different lengths: {sizes}")


def _check_pairs(users: Ints, items: Ints) -> None:
    by_pair = np.lexsort((items, users))
    users, items = users[by_pair], items[by_pair]
    again = (np.diff(users) == 0) & (np.diff(items) == 0)
    if again.any():
        at = int(np.argmax(again))
        raise ValueError(f"user {users[at]} rated item {items[at]} more than once")
