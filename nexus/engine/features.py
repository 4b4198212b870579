"""One kind of feature (genres, keywords, ...) as TF-IDF rows over films."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from nexus.engine.arrays import Floats, Ints, Sparse


@dataclass(frozen=True, slots=True)
class Field:
    """Which films have which features.

    ids:   int64[k], ascending: the feature ids behind the columns
    rows:  CSR [films, k], each row of length 1 (or empty: nothing known)
    films: CSR [k, films], the transpose: which films a feature belongs to
    """

    ids: Ints
    rows: Sparse
    films: Sparse

    def has(self) -> Ints:
        """int64[films]: 1 where the film has at least one feature of this kind."""
        return (np.diff(self.rows.indptr) > 0).astype(np.int64)

    def weights_of(self, row: int) -> dict[int, float]:
        """The film's feature ids and their TF-IDF weights, ids ascending."""
        start, end = self.rows.indptr[row : row + 2]
        ids = self.ids[self.rows.indices[start:end]]
        return dict(zip(ids.tolist(), self.rows.data[start:end].tolist(), strict=True))

    def films_with(self, feature_id: int) -> Ints:
        """Rows of the films that have the feature, ascending; empty if unknown."""
        column = int(np.searchsorted(self.ids, feature_id))
        if column == self.ids.size or self.ids[column] != feature_id:
            return np.empty(0, dtype=np.int64)
        start, end = self.films.indptr[column : column + 2]
        return self.films.indices[start:end].astype(np.int64)


def build_field(features: Sequence[Sequence[int]]) -> Field:
    """Weigh each film's distinct features by rarity and give each row length 1.

    tf = 1; idf = ln((1 + n) / (1 + df)) + 1, n films, df of them with the feature:
    the smoothed idf of Sparck Jones (1972), positive even for what every film has.
    """
    lengths = [len(row) for row in features]
    flat = np.array([i for row in features for i in row], dtype=np.int64)
    ids, columns = np.unique(flat, return_inverse=True)
    owners = np.repeat(np.arange(len(features)), lengths)
    keys = np.unique(owners * max(ids.size, 1) + columns)
    owners, columns = np.divmod(keys, max(ids.size, 1))
    weights = _idf(columns, ids.size, len(features))[columns]
    norms = np.sqrt(np.bincount(owners, weights**2, minlength=len(features)))
    rows = csr_array(
        (weights / norms[owners], (owners, columns)), shape=(len(features), ids.size)
    )
    return Field(ids, _sorted(rows), _sorted(rows.T.tocsr()))


def _idf(columns: Ints, n_features: int, n_films: int) -> Floats:
    df = np.bincount(columns, minlength=n_features)
    return np.log((1 + n_films) / (1 + df)) + 1


def _sorted(matrix: Sparse) -> Sparse:
    # Sums then run in one order, whichever way round a product is taken.
    matrix.sort_indices()
    return matrix
