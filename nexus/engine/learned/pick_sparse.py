"""The pick factor for many films: no matrix of all films by all films, none inverted.

B = V W + S, a part of low rank and a sparse rest (sparse plus low rank: HALE and HALF
in "SANSA", Spisak et al. 2023, face the same size by other means). With H = G + L,

    V = L^-1/2 times the top right singular vectors of sqrt(D) A L^-1/2
        (randomised, Halko et al. 2011; V'HV = s^2 + 1 is then diagonal),
    W = (V'HV)^-1 V'C,
    R = C - HVW, what the rank part leaves to explain,

and for each target film j one ridge on the films of largest |R_ij| / sqrt(G_ii) and on
j itself, whose own coefficient is fitted and dropped; the strongest are kept and fitted
once more, after W = (V'HV)^-1 V'(C - HS) has left to S what S explains. With the
support of all films B is that of the dense form, but for rounding (see `weights`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, svd
from scipy.sparse import csc_array, csr_array

from nexus.engine.arrays import Floats, Ints
from nexus.engine.learned.interactions import Columns, Table
from nexus.engine.learned.pick import (
    BLOCK,
    MOST_CELLS,
    PickConfig,
    PickModel,
    Problem,
    are_few,
    make_model,
    pose,
    ridge,
)
from nexus.engine.learned.prior import Groups
from nexus.engine.learned.profiles import orthogonal, times
from nexus.engine.learned.rounded import round_sparse
from nexus.engine.learned.terms import check_least
from nexus.engine.learned.weights import FactoredWeights, factor

POWER_STEPS = 4
SPARE_DIRECTIONS = 16
# A film with few ratings cannot tell many neighbours apart: fewer are worth trying,
# and fewer keeping.
TRIES_PER_RATING = 10
KEPT_PER_RATING = 5


@dataclass(frozen=True, slots=True)
class SparseConfig:
    """Sizes of the scalable form; larger is closer to the dense one, and slower.

    rank:    of V; support: films in the first ridge of each film; keep: films in the
             second; both fewer for films with few ratings
    sources: only this many most rated films are in anybody's support (memory grows as
             its square); the rank part covers all films
    """

    rank: int = 128
    support: int = 300
    keep: int = 100
    sources: int = 6000

    def __post_init__(self) -> None:
        check_least(1, rank=self.rank, support=self.support)
        check_least(1, keep=self.keep, sources=self.sources)


@dataclass(frozen=True, slots=True)
class _Basis:
    """V float64[n, r], HV float64[n, r], V'C float64[r, n], V'HV float64[r]."""

    v: Floats
    hv: Floats
    vc: Floats
    vhv: Floats

    def solve(self, explained: Floats | float = 0.0) -> Floats:
        """W float64[r, n], for a target of which V' has `explained` already."""
        return np.asarray((self.vc - explained) / self.vhv[:, np.newaxis])


@dataclass(frozen=True, slots=True)
class _Sources:
    """Films that may be in a support: columns intp[m], ascending, H float64[m, m]."""

    columns: Columns
    gram: Floats
    scale: Floats


@dataclass(frozen=True, slots=True)
class _Block:
    """Some target films at once: columns intp[b]; the rest is float64[m + own, b].

    target: C - HVW at the sources; cross: G between sources and targets (no L)
    own:    float64[b], C - HVW at the targets themselves; energy: H_jj
    counts: int64[b], ratings of each target
    """

    columns: Columns
    target: Floats
    cross: Floats
    own: Floats
    energy: Floats
    counts: Ints


def is_small(n_users: int, n_items: int) -> bool:
    """Whether the exact form fits, in factors or whole."""
    return are_few(n_users, n_items) or n_items**2 <= MOST_CELLS


def fit_pick_sparse(
    table: Table,
    config: PickConfig | None = None,
    sizes: SparseConfig | None = None,
    *,
    rng: np.random.Generator,
    groups: Groups | None = None,
) -> PickModel:
    """Fit B as V W + S; time as n_items * support^3, a Gram of 8 sources^2 bytes."""
    config, sizes = config or PickConfig(), sizes or SparseConfig()
    problem = pose(table, config)
    weights = solve_sparsely(problem, sizes, rng)
    return make_model(table, config, weights, groups)


def solve_sparsely(
    problem: Problem, sizes: SparseConfig, rng: np.random.Generator
) -> FactoredWeights:
    basis = _find_basis(problem, sizes.rank, rng)
    sources = _find_sources(problem, sizes.sources)
    chosen = _fit_rest(problem, basis, basis.solve(), sources, sizes, None)
    right = basis.solve(times(chosen.T, basis.hv).T)
    rest = _fit_rest(problem, basis, right, sources, sizes, chosen)
    rest.setdiag(0.0)
    rest.eliminate_zeros()
    by_source = csr_array(rest)
    by_source.sort_indices()
    return factor(basis.v, right.T, round_sparse(by_source))


def _find_basis(problem: Problem, rank: int, rng: np.random.Generator) -> _Basis:
    """Randomised SVD with power steps of X L^-1/2, X = sqrt(D) A."""
    root = np.sqrt(problem.penalty)
    scaled = problem.inputs.copy()
    scaled.data /= root[scaled.indices]
    n_users, n_items = scaled.shape
    tried = min(rank + SPARE_DIRECTIONS, n_users, n_items)
    found = orthogonal(times(scaled.T, rng.standard_normal((n_users, tried))))
    for _ in range(POWER_STEPS):
        found = orthogonal(times(scaled.T, times(scaled, found)))
    left, values, turn = svd(times(scaled, found), full_matrices=False)
    rank = min(rank, tried)
    v = found @ turn[:rank].T / root[:, np.newaxis]
    xv = left[:, :rank] * values[:rank]
    hv = times(problem.inputs.T, xv) + problem.penalty[:, np.newaxis] * v
    vc = times(problem.targets.T, xv).T
    return _Basis(v, hv, vc, values[:rank] ** 2 + 1)


def _find_sources(problem: Problem, n: int) -> _Sources:
    counts = np.bincount(problem.inputs.indices, minlength=problem.energy.size)
    columns = np.sort(np.argsort(-counts, kind="stable")[:n])
    gram = ridge(problem.inputs[:, columns], problem.penalty[columns])
    return _Sources(columns, gram, np.sqrt(problem.energy[columns]))


def _blocks(
    problem: Problem, basis: _Basis, right: Floats, sources: _Sources
) -> Iterator[_Block]:
    """Targets in pieces, so that memory grows as the sources, not as all films."""
    by_source = problem.inputs[:, sources.columns].T.tocsr()
    inputs, targets = csc_array(problem.inputs), csc_array(problem.targets)
    own = np.asarray(problem.inputs.multiply(problem.targets).sum(axis=0), dtype=float)
    own -= np.einsum("ir,ri->i", basis.hv, right)
    energy = problem.energy + problem.penalty
    counts = np.diff(inputs.indptr).astype(np.int64)
    for start in range(0, own.size, BLOCK):
        part = np.arange(start, min(start + BLOCK, own.size))
        target = (by_source @ targets[:, part]).toarray()
        target -= basis.hv[sources.columns] @ right[:, part]
        cross = (by_source @ inputs[:, part]).toarray()
        yield _Block(part, target, cross, own[part], energy[part], counts[part])


def _fit_rest(
    problem: Problem,
    basis: _Basis,
    right: Floats,
    sources: _Sources,
    sizes: SparseConfig,
    chosen: "csc_array[np.float64] | None",
) -> "csc_array[np.float64]":
    """S by target film, own coefficients included, on the support already chosen."""
    rows, values = [], []
    for block in _blocks(problem, basis, right, sources):
        for at, film in enumerate(block.columns.tolist()):
            if chosen is None:
                support = _choose(sources, block, at, sizes)
            else:
                support = _support_of(chosen, film, sources)
            rows.append(np.append(sources.columns[support], film))
            values.append(_ridge(sources, block, at, support))
    ends = np.cumsum([0, *map(len, rows)])
    n = len(rows)
    return csc_array((np.concatenate(values), np.concatenate(rows), ends), shape=(n, n))


def _choose(sources: _Sources, block: _Block, at: int, sizes: SparseConfig) -> Columns:
    """Support of one target, as places among the sources, ascending; never itself."""
    gains = np.abs(block.target[:, at]) / sources.scale
    gains[sources.columns == block.columns[at]] = -1.0
    others = int(np.count_nonzero(gains >= 0))
    count = int(block.counts[at])
    tried = min(sizes.support, sizes.keep + TRIES_PER_RATING * count)
    support = _largest(gains, min(tried, others))
    fitted = _ridge(sources, block, at, support)[:-1]
    strength = np.abs(fitted) * sources.scale[support]
    kept = min(sizes.keep, KEPT_PER_RATING * count)
    return support[_largest(strength, min(kept, support.size))]


def _ridge(sources: _Sources, block: _Block, at: int, support: Columns) -> Floats:
    """Coefficients of the support and, last, of the target film itself."""
    size = support.size
    gram = np.empty((size + 1, size + 1))
    gram[:size, :size] = sources.gram[np.ix_(support, support)]
    gram[size, :size] = gram[:size, size] = block.cross[support, at]
    gram[size, size] = block.energy[at]
    wanted = np.append(block.target[support, at], block.own[at])
    factor = cho_factor(gram, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, wanted, check_finite=False))


def _support_of(
    chosen: "csc_array[np.float64]", film: int, sources: _Sources
) -> Columns:
    start, end = chosen.indptr[film : film + 2]
    return np.searchsorted(sources.columns, chosen.indices[start : end - 1])


def _largest(values: Floats, n: int) -> Columns:
    """Places of the n largest, ascending; of equal ones the first."""
    if n >= values.size or n == 0:
        return np.arange(min(n, values.size))
    nth = np.partition(values, values.size - n)[values.size - n]
    above = np.flatnonzero(values > nth)
    ties = np.flatnonzero(values == nth)[: n - above.size]
    return np.sort(np.concatenate([above, ties]))
