"""One round of mean-field EM for the taste model (see `taste`), in bounded memory.

People and films are independent given each other: q = prod q(w_u) prod q(v_i, b_i),
all of them normal. Dimensions: k factors, g groups, d = k + 1 + g.

    people  A_u = P0 + sum_i tau_i E[x_i x_i'],  h_u = P0 m0_u + sum_i tau_i E[x_i e_ui]
    films   A_i = C0 + tau_i sum_u E[y_u y_u'],  h_i = C0 m_i + tau_i sum_u E[y_u e_iu]

x_i = (v_i, 1, g_i), y_u = (p_u, 1); e is the rating less all the other terms. Sums
over ratings are products of sparse matrices with packed second moments; people come
in pieces, of which only the sums by film are kept. Bayesian factor models:
Salakhutdinov & Mnih 2008; mean field: Lim & Teh 2007.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from nexus.engine.arrays import Floats, Ints, Sparse
from nexus.engine.learned.interactions import Table
from nexus.engine.learned.packed import apply_twice, corner, outer, pack, places, unpack
from nexus.engine.learned.profiles import by_person, times

# Numbers held at a time for a piece of people or films: 64 MiB.
PIECE = 8_000_000
# The prior of a covariance weighs as much as so many people, or films.
PRIOR_WEIGHT = 5.0
LEAST_NOISE = 0.01


@dataclass(frozen=True, slots=True)
class Films:
    """What is believed of the films: means, covariances, noise.

    means:  float64[n, k + 1], (v_i, b_i);  spread: their covariances, packed
    tau:    float64[n], noise precisions, 1 / stars^2
    groups: float64[n, g], fixed
    """

    means: Floats
    spread: Floats
    tau: Floats
    groups: Floats

    @property
    def k(self) -> int:
        return int(self.means.shape[1]) - 1

    @property
    def rows(self) -> Floats:
        """x_i: float64[n, d]."""
        ones = np.ones((self.means.shape[0], 1))
        return np.hstack([self.means[:, : self.k], ones, self.groups])


@dataclass(frozen=True, slots=True)
class Prior:
    """w ~ N(means, precision^-1): float64[n, d] and float64[d, d]."""

    means: Floats
    precision: Floats


@dataclass(slots=True)
class Sums:
    """Over people. total float64[d, d]: covariances. By film, over its raters:

    spread: covariances of w, packed d;   moments: y y', packed k + 1
    pulls:  y e, float64[n, k + 1];       errors:  e^2, float64[n]
    """

    total: Floats
    spread: Floats
    moments: Floats
    pulls: Floats
    errors: Floats


@dataclass(frozen=True, slots=True)
class Rated:
    """Some people's ratings less the mean: stars by person and film."""

    users: slice
    stars: Sparse


def pieces(table: Table, mean: float, d: int) -> list[Rated]:
    """Cut the table so that a piece has few people and few ratings."""
    whole = by_person(table, table.stars - mean)
    costs = np.diff(whole.indptr) * (d + 4) + d * d
    return [Rated(part, whole[part]) for part in cut(costs)]


def cut(costs: Ints) -> Iterator[slice]:
    """Neighbouring rows whose costs sum to about a PIECE, at least one at a time."""
    which = (np.cumsum(costs) - costs) // PIECE
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], costs.size], strict=True):
        yield slice(int(start), int(stop))


def meet_people(films: Films, prior: Prior, rated: list[Rated]) -> tuple[Floats, Sums]:
    """The means w of all people, float64[n_users, d], and what films need of them."""
    rows, n = films.rows, films.tau.size
    d, k = rows.shape[1], films.k
    seconds = outer(rows)
    seconds[:, corner(d, k)] += films.spread[:, corner(k + 1, k)]
    coupled = unpack(films.spread, k + 1)[:, :k, k]
    sums = Sums(
        np.zeros((d, d)),
        np.zeros((n, seconds.shape[1])),
        np.zeros_like(films.spread),
        np.zeros((n, k + 1)),
        np.zeros(n),
    )
    means = np.empty_like(prior.means)
    for part in rated:
        precision = prior.precision + unpack(times(_weigh(part, films.tau), seconds), d)
        pulls = prior.means[part.users] @ prior.precision
        left = part.stars.data - _quality(films, part)
        pulls += times(_weigh(part, films.tau, left), rows)
        pulls[:, :k] -= times(_weigh(part, films.tau), coupled)
        spread = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        means[part.users] = np.einsum("uij,uj->ui", spread, pulls)
        _add_up(sums, films, part, means[part.users], spread)
    return means, sums


def _weigh(part: Rated, tau: Floats, values: Floats | None = None) -> Sparse:
    weighed = part.stars.copy()
    weighed.data = tau[part.stars.indices]
    if values is not None:
        weighed.data = weighed.data * values
    return weighed


def _quality(films: Films, part: Rated) -> Floats:
    return np.asarray(films.means[part.stars.indices, films.k])


def _add_up(
    sums: Sums, films: Films, part: Rated, means: Floats, spread: Floats
) -> None:
    k, film = films.k, part.stars.indices
    person = np.repeat(np.arange(means.shape[0]), np.diff(part.stars.indptr))
    said = np.einsum("rg,rg->r", films.groups[film], means[person, k + 1 :])
    errors = part.stars.data - means[person, k] - said
    heads = np.hstack([means[:, :k], np.ones((means.shape[0], 1))])
    raters = _by_film(part, np.ones_like(errors))
    sums.total += spread.sum(axis=0)
    sums.spread += times(raters, pack(spread))
    sums.moments += times(raters, outer(heads))
    sums.pulls += times(_by_film(part, errors), heads)
    sums.errors += np.bincount(film, errors**2, minlength=sums.errors.size)


def _by_film(part: Rated, values: Floats) -> Sparse:
    turned = part.stars.copy()
    turned.data = values
    return csr_array(turned.T)


def meet_films(
    films: Films, prior: Prior, sums: Sums, counts: Ints, prior_ratings: float
) -> Films:
    """The films anew; prior: of (v_i, b_i). tau_i is drawn to the mean of all films.

    tau_i = (a + n_i) / (a s + E sum of squared errors), s the mean squared error.
    """
    d = sums.total.shape[0]
    means, spread = np.empty_like(films.means), np.empty_like(films.spread)
    squares = np.empty_like(films.tau)
    for part in cut(np.full(films.tau.size, d * d)):
        new, covariance, square = _meet_some(films, prior, sums, part)
        means[part], spread[part], squares[part] = new, pack(covariance), square
    usual = max(float(squares.sum() / counts.sum()), LEAST_NOISE)
    tau = (prior_ratings + counts) / (prior_ratings * usual + np.maximum(squares, 0.0))
    return Films(means, spread, np.minimum(tau, 1 / LEAST_NOISE), films.groups)


def _meet_some(
    films: Films, prior: Prior, sums: Sums, part: slice
) -> tuple[Floats, Floats, Floats]:
    k, d = films.k, sums.total.shape[0]
    spread, where = sums.spread[part], places(d)
    ones = np.ones((spread.shape[0], 1))
    rest = np.hstack([ones, films.groups[part]])
    moments = sums.moments[part].copy()
    moments[:, corner(k + 1, k)] += spread[:, corner(d, k)]
    moments = unpack(moments, k + 1)
    pulls = sums.pulls[part].copy()
    pulls[:, :k] -= np.einsum("iab,ib->ia", spread[:, where[:k, k:]], rest)
    last = where[k:, k:][np.triu_indices(d - k)]
    squares = sums.errors[part] + apply_twice(spread[:, last], rest)
    tau = films.tau[part]
    precision = prior.precision + tau[:, None, None] * moments
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    weighed = prior.means[part] @ prior.precision + tau[:, None] * pulls
    means: Floats = np.einsum("iab,ib->ia", covariance, weighed)
    second = covariance + means[:, :, None] * means[:, None, :]
    squares = squares - 2 * np.einsum("ia,ia->i", means, pulls)
    return means, covariance, squares + np.einsum("iab,iab->i", second, moments)


def regress(
    features: Floats, means: Floats, spread: Floats, penalties: Floats, usual: Floats
) -> tuple[Floats, Prior]:
    """A prior whose means are a ridge regression: coefficients f x d, and the prior.

    features float64[n, f]; means float64[n, d]; spread float64[d, d], the sum of
    covariances; penalties float64[f]; usual float64[d]: variances believed before
    anything is seen (inverse Wishart), which keep few people or films sane.
    """
    weighed = features.T @ features + np.diag(penalties)
    found = np.asarray(np.linalg.solve(weighed, features.T @ means))
    expected = features @ found
    left = means - expected
    scatter = left.T @ left + spread + (found.T * penalties) @ found
    scatter += np.diag(PRIOR_WEIGHT * usual)
    precision = np.asarray(np.linalg.inv(scatter / (means.shape[0] + PRIOR_WEIGHT)))
    return found, Prior(expected, (precision + precision.T) / 2)
