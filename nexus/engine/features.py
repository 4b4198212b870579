"""One kind of feature (genres, keywords, ...) as TF-IDF rows over films."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from nexus.engine.arrays import Floats, Ints, Sparse
from nexus.engine.sparse import csr_from


@dataclass(frozen=True)
class Field:
    """Which films have which features.

    ids:   int64[k]: the feature ids behind the columns, ascending; those that a field
           has beyond the one whose weights it took come behind, ascending as well
    idf:   float64[k], how rare each is
    rows:  CSR [films, k], each row of length 1 (or empty: nothing known)
    """

    ids: Ints
    idf: Floats
    rows: Sparse

    @cached_property
    def films(self) -> Sparse:
        """CSR [k, films], the transpose: which films a feature belongs to."""
        # Sums run in one order, whichever way round a product is taken.
        found = self.rows.T.tocsr()
        found.sort_indices()
        return found

    def has(self) -> Ints:
        """int64[films]: 1 where the film has at least one feature of this kind."""
        return (np.diff(self.rows.indptr) > 0).astype(np.int64)

    def columns_of(self, row: int) -> Ints:
        start, end = self.rows.indptr[row : row + 2]
        return self.rows.indices[start:end].astype(np.int64)

    def weights_of(self, row: int) -> dict[int, float]:
        """The film's feature ids and their TF-IDF weights, in the order of columns."""
        start, end = self.rows.indptr[row : row + 2]
        ids = self.ids[self.rows.indices[start:end]]
        return dict(zip(ids.tolist(), self.rows.data[start:end].tolist(), strict=True))

    def rarity_of(self, feature_id: int) -> float:
        """The feature's idf; of one that no film has, more than of any other."""
        at = int(self.ids.searchsorted(feature_id))
        is_here = at < self.ids.size and self.ids[at] == feature_id
        return float(self.idf[at]) if is_here else math.inf

    def films_with(self, feature_id: int) -> Ints:
        """Rows of the films that have the feature, ascending; empty if unknown."""
        columns = np.flatnonzero(self.ids == feature_id)
        if not columns.size:
            return np.empty(0, dtype=np.int64)
        start, end = self.films.indptr[columns[0] : columns[0] + 2]
        return self.films.indices[start:end].astype(np.int64)


def build_field(
    features: Sequence[Sequence[int]], weighed_as: Field | None = None
) -> Field:
    """Weigh each film's distinct features by rarity and give each row length 1.

    tf = 1; idf = ln((1 + n) / (1 + df)) + 1, n films, df of them with the feature:
    the smoothed idf of Sparck Jones (1972), positive even for what every film has.
    weighed_as: take that field's columns and weights instead; a feature that none of
    its films has is as rare as can be.
    """
    lengths = np.fromiter(map(len, features), np.int64, len(features))
    flat = np.fromiter(chain.from_iterable(features), np.int64, int(lengths.sum()))
    owners = np.repeat(np.arange(len(features)), lengths)
    if weighed_as is None:
        ids, columns = np.unique(flat, return_inverse=True)
    else:
        ids, columns = _columns_after(weighed_as.ids, flat)
    keys = np.unique(owners * max(ids.size, 1) + columns)
    owners, columns = np.divmod(keys, max(ids.size, 1))
    if weighed_as is None:
        idf = _idf(np.bincount(columns, minlength=ids.size), len(features))
    else:
        idf = _idf_after(weighed_as, ids.size)
    weights = idf[columns]
    norms = np.sqrt(np.bincount(owners, weights**2, minlength=len(features)))
    sizes = np.bincount(owners, minlength=len(features))
    rows = csr_from(weights / norms[owners], columns, sizes, ids.size)
    return Field(ids, idf, rows)


def _columns_after(known: Ints, flat: Ints) -> tuple[Ints, Ints]:
    """Return the ids of all columns, the known ones first, and those of `flat`."""
    columns = np.searchsorted(known, flat)
    is_new = columns == known.size
    is_new[~is_new] = known[columns[~is_new]] != flat[~is_new]
    new, places = np.unique(flat[is_new], return_inverse=True)
    columns[is_new] = known.size + places
    return np.concatenate([known, new]), columns


def _idf(df: Ints, n_films: int) -> Floats:
    idf: Floats = np.log((1 + n_films) / (1 + df)) + 1
    return idf


def _idf_after(known: Field, n_features: int) -> Floats:
    nowhere = np.zeros(n_features - known.ids.size, np.int64)
    return np.concatenate([known.idf, _idf(nowhere, known.rows.shape[0])])
