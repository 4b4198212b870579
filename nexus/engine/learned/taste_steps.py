"""One round of mean-field EM for the taste model (see `taste`), in bounded memory.

People and films are independent given each other: q = prod q(w_u) prod q(v_i, b_i),
all of them normal. Dimensions: k factors, g groups, d = k + 1 + g.

    people  A_u = P0 + sum_i tau_i E[x_i x_i'],  h_u = P0 m0_u + sum_i tau_i E[x_i e_ui]
    films   A_i = C0 + tau_i sum_u E[y_u y_u'],  h_i = C0 m_i + tau_i sum_u E[y_u e_iu]

x_i = (v_i, 1, g_i), y_u = (p_u, 1); e is the rating less all the other terms. People
come in pieces. Of a piece only the sums by film are kept, and a piece's ratings are
dense rows, so that each person's sum is one product of small matrices. Bayesian factor
models: Salakhutdinov & Mnih 2008; mean field: Lim & Teh 2007.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_array, csr_array

from nexus.engine.arrays import Floats, Ints, Sparse
from nexus.engine.learned.interactions import Columns, Table
from nexus.engine.learned.packed import corner, outer, pack, unpack
from nexus.engine.learned.profiles import times

# Numbers held at a time for a piece of people or films: 32 MiB, a few times over.
PIECE = 4_000_000
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

    moments: E[y y'], packed k + 1;  pulls: E[y e], float64[n, k + 1]
    errors:  E[e^2], float64[n];     e here is the rating less mu and w's rest
    """

    total: Floats
    moments: Floats
    pulls: Floats
    errors: Floats


@dataclass(frozen=True, slots=True)
class Rated:
    """Some people's ratings less the mean, person by person.

    users: which people;  ends int64[people + 1]: where each one's ratings are
    films, stars: of each rating
    """

    users: slice
    ends: Ints
    films: Columns
    stars: Floats

    def each(self) -> Iterator[tuple[int, slice]]:
        """The place of each person in the piece, and their ratings."""
        ends = self.ends.tolist()
        for at, (start, stop) in enumerate(pairwise(ends)):
            yield at, slice(start, stop)

    def by_person(self, values: Floats, n_films: int) -> Sparse:
        """One value per rating as a matrix people x films."""
        shape = (self.ends.size - 1, n_films)
        return csr_array((values, self.films, self.ends), shape=shape)


def pieces(table: Table, mean: float, d: int) -> list[Rated]:
    """Cut the table so that a piece has few people and few ratings."""
    ends = np.searchsorted(table.users, np.arange(table.n_users + 1)).astype(np.int64)
    stars = table.stars - mean
    found = []
    for part in cut(np.diff(ends) * d + d * d):
        own = ends[part.start : part.stop + 1]
        ratings = slice(own[0], own[-1])
        films = table.items[ratings]
        found.append(Rated(part, own - own[0], films, stars[ratings]))
    return found


def cut(costs: Ints) -> Iterator[slice]:
    """Neighbouring rows whose costs sum to about a PIECE, at least one at a time."""
    which = (np.cumsum(costs) - costs) // PIECE
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], costs.size], strict=True):
        yield slice(int(start), int(stop))


def meet_people(films: Films, prior: Prior, rated: list[Rated]) -> tuple[Floats, Sums]:
    """The means w of all people, float64[n_users, d], and what films need of them."""
    n, k, d = films.tau.size, films.k, prior.precision.shape[0]
    packed = films.spread.shape[1]
    sums = Sums(
        np.zeros((d, d)), np.zeros((n, packed)), np.zeros((n, k + 1)), np.zeros(n)
    )
    rows = films.rows
    means = np.empty_like(prior.means)
    for part in rated:
        met, spread = _meet_some_people(films, rows, prior, part)
        means[part.users] = met
        _add_up(sums, rows, part, met, spread)
    return means, sums


def _meet_some_people(
    films: Films, rows: Floats, prior: Prior, part: Rated
) -> tuple[Floats, Floats]:
    """Means float64[people, d] and covariances float64[people, d, d]."""
    k, tau = films.k, films.tau[part.films]
    precision, pulls = _doubt_of_films(films, part, tau)
    precision += prior.precision
    pulls += prior.means[part.users] @ prior.precision
    weighed = rows[part.films] * np.sqrt(tau)[:, None]
    left = (part.stars - films.means[part.films, k]) * np.sqrt(tau)
    for at, own in part.each():
        x = weighed[own]
        precision[at] += x.T @ x
        pulls[at] += left[own] @ x
    spread = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return np.einsum("uij,uj->ui", spread, pulls), spread


def _doubt_of_films(films: Films, part: Rated, tau: Floats) -> tuple[Floats, Floats]:
    """What the covariances of v_i, and of v_i with b_i, add to A_u and h_u."""
    k, people = films.k, part.ends.size - 1
    d = k + 1 + films.groups.shape[1]
    summed = times(part.by_person(tau, films.tau.size), films.spread)
    spread = unpack(summed, k + 1)
    precision, pulls = np.zeros((people, d, d)), np.zeros((people, d))
    precision[:, :k, :k] = spread[:, :k, :k]
    pulls[:, :k] = -spread[:, :k, k]
    return precision, pulls


def _add_up(
    sums: Sums, rows: Floats, part: Rated, means: Floats, spread: Floats
) -> None:
    """Add the sums by film over the people of a piece."""
    n, k = sums.pulls.shape[0], sums.pulls.shape[1] - 1
    heads = np.hstack([means[:, :k], np.ones((means.shape[0], 1))])
    moments = outer(heads)
    moments[:, corner(k + 1, k)] += pack(spread[:, :k, :k])
    raters = part.by_person(np.ones(part.films.size), n).T
    sums.total += spread.sum(axis=0)
    sums.moments += times(raters, moments)
    told = _tell_films(rows[part.films, k:], part, heads, means[:, k:], spread)
    by_rating = np.arange(part.films.size + 1)
    shape = (n, part.films.size)
    ones = np.ones(part.films.size)
    summed = times(csc_array((ones, part.films, by_rating), shape=shape), told)
    sums.pulls += summed[:, :-1]
    sums.errors += summed[:, -1]


def _tell_films(
    rest: Floats, part: Rated, heads: Floats, tails: Floats, spread: Floats
) -> Floats:
    """E[y e] and, last, E[e^2] of each rating: float64[ratings, k + 2].

    rest: (1, g_i) of each rating; heads: y_u, tails: the rest of w_u, of each person
    """
    k = heads.shape[1] - 1
    found = np.empty((part.films.size, k + 2))
    for at, own in part.each():
        sure = rest[own]
        errors = part.stars[own] - sure @ tails[at]
        joint = sure @ spread[at, k:]
        found[own, :-1] = errors[:, None] * heads[at]
        found[own, :k] -= joint[:, :k]
        doubt = np.einsum("rd,rd->r", joint[:, k:], sure)
        found[own, -1] = errors**2 + doubt
    return found


def meet_films(
    films: Films, prior: Prior, sums: Sums, counts: Ints, prior_ratings: float
) -> Films:
    """The films anew; prior: of (v_i, b_i). tau_i is drawn to the mean of all films.

    tau_i = (a + n_i) / (a s + E sum of squared errors), s the mean squared error.
    """
    means, spread = np.empty_like(films.means), np.empty_like(films.spread)
    squares = np.empty_like(films.tau)
    for part in cut(np.full(films.tau.size, 4 * (films.k + 1) ** 2)):
        new, covariance, square = _meet_some_films(films, prior, sums, part)
        means[part], spread[part], squares[part] = new, pack(covariance), square
    usual = max(float(squares.sum() / counts.sum()), LEAST_NOISE)
    tau = (prior_ratings + counts) / (prior_ratings * usual + np.maximum(squares, 0.0))
    return Films(means, spread, np.minimum(tau, 1 / LEAST_NOISE), films.groups)


def _meet_some_films(
    films: Films, prior: Prior, sums: Sums, part: slice
) -> tuple[Floats, Floats, Floats]:
    moments, tau = unpack(sums.moments[part], films.k + 1), films.tau[part]
    precision = prior.precision + tau[:, None, None] * moments
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    weighed = prior.means[part] @ prior.precision + tau[:, None] * sums.pulls[part]
    means: Floats = np.einsum("iab,ib->ia", covariance, weighed)
    second = covariance + means[:, :, None] * means[:, None, :]
    squares = sums.errors[part] - 2 * np.einsum("ia,ia->i", means, sums.pulls[part])
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
