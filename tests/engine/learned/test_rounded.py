import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import csr_array

from nexus.engine.learned.rounded import BYTE, TWO_BYTES, dots, round_rows, round_sparse
from tests.engine.films import laws

numbers = st.floats(-1e6, 1e6)
tables = arrays(np.float64, array_shapes(min_dims=2, max_dims=2), elements=numbers)


def test_it_works() -> None:
    """Steps of 2 and of 1/127: 5 lies between 4 and 6, nearer to neither."""
    rounded = round_rows(np.array([[254.0, 5.0, -3.9], [1.0, 0.0, 0.5]]))

    assert rounded.codes.tolist() == [[127, 2, -2], [127, 0, 64]]
    assert rounded.steps == pytest.approx([2, 1 / 127])
    assert rounded.rows(np.array([1, 0]))[1].tolist() == [254, 4, -4]


@pytest.mark.parametrize(("size", "steps"), [(BYTE, 127), (TWO_BYTES, 32_767)])
@laws
@given(values=tables)
def test_it_is_half_a_step_off_at_most(
    values: np.ndarray, size: type[np.signedinteger], steps: int
) -> None:
    rounded = round_rows(values, size)

    found = rounded.rows(np.arange(len(values)))
    largest = np.abs(values).max(axis=1, keepdims=True)
    least = steps * np.finfo(np.float32).tiny
    assert (np.abs(found - values) <= largest * 0.51 / steps + least).all()
    assert (found * values >= 0).all()


@laws
@given(values=tables)
def test_it_multiplies_as_its_rows_say(values: np.ndarray) -> None:
    one, other = round_rows(values), round_rows(values[::-1], TWO_BYTES)
    every = np.arange(len(values))
    weights = np.linspace(-1, 1, len(values))
    least = 1e-9 * (1 + np.abs(values).max(initial=0.0) ** 2)

    assert one.summed(every, weights) == pytest.approx(
        weights @ one.rows(every), rel=1e-9, abs=least
    )
    vector = np.linspace(-1, 1, values.shape[1])
    assert other.times(every, vector) == pytest.approx(
        other.rows(every) @ vector, rel=1e-9, abs=least
    )
    assert dots(one, other) == pytest.approx(
        (one.rows(every) * other.rows(every)).sum(axis=1), rel=1e-9, abs=least
    )


@laws
@given(values=tables)
def test_it_rounds_sparse_columns_as_it_rounds_rows(values: np.ndarray) -> None:
    size = max(values.shape)
    square = np.zeros((size, size))
    square[: values.shape[0], : values.shape[1]] = values

    sparse = round_sparse(csr_array(square))

    rows = np.arange(size)
    dense = round_rows(square.T).rows(rows).T
    found = np.array([sparse.cells(rows, film) for film in rows]).T
    assert found.tolist() == dense.tolist()
    inputs = np.linspace(-1, 1, size)
    product = sparse.product(rows, inputs)
    assert product == pytest.approx(inputs @ dense, rel=1e-9, abs=1e-6)
    assert sparse.product(rows[:0], inputs[:0]).tolist() == [0] * size


def test_it_keeps_rows_of_nothing() -> None:
    assert round_rows(np.zeros((2, 3))).rows(np.array([1])).tolist() == [[0, 0, 0]]
    assert round_rows(np.array([[127.0, -127.0]]) * 1e-44).codes.tolist() == [[0, 0]]
    assert round_sparse(csr_array((2, 2))).cells(np.array([0, 1]), 1).tolist() == [0, 0]


@pytest.mark.parametrize(("n", "size"), [(256, 1), (65_536, 2), (65_537, 4)])
def test_it_names_films_in_as_few_bytes_as_there_are_films(n: int, size: int) -> None:
    last = csr_array(([1.0], ([0], [n - 1])), shape=(n, n))

    sparse = round_sparse(last)

    assert sparse.films.itemsize == size
    assert sparse.cells(np.array([0]), n - 1).tolist() == pytest.approx([1.0])
