"""Array types of the engine and the few checks all its parts share."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Sparse: TypeAlias = "csr_array[np.float64]"
AnyArray = TypeVar("AnyArray", bound=NDArray[Any])
Ids: TypeAlias = Sequence[int] | Ints
Rows: TypeAlias = Ints | slice


def freeze(values: AnyArray) -> AnyArray:
    """Make the array refuse writing: what a frozen dataclass holds stays so."""
    values.flags.writeable = False
    return values


def as_ids(ids: Iterable[int] | Ints) -> Ints:
    """Turn ids into int64[n] in the given order; ValueError if one is there twice."""
    found = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
    if found.size and found.dtype.kind not in "iu":
        raise ValueError(f"ids must be whole numbers, not {found.dtype}")
    if not (found[1:] > found[:-1]).all():
        _refuse_repeated(found)
    return found.astype(np.int64)


def _refuse_repeated(found: Ints) -> None:
    distinct, counts = np.unique(found, return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(map(str, distinct[counts > 1][:5]))
        raise ValueError(f"ids given more than once: {twice}")


def check_share(name: str, value: float) -> None:
    """Refuse a knob outside 0..1 (NaN included)."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be between 0 and 1, not {value}")


def check_count(name: str, value: int | None) -> None:
    """Refuse a negative number of things; None means all of them."""
    if value is not None and value < 0:
        raise ValueError(f"{name} is negative: {value}")
