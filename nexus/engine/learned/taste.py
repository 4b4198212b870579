"""How much would you like it: a Bayesian linear model of stars.

    r_ui = mu + b_i + b_u + g_i . theta_u + v_i . p_u + eps_ui,  eps ~ N(0, 1/tau_i)

mu the mean, b_i the film's quality, b_u the person's generosity, g_i the film's groups
(genres), theta_u how the person takes to them, v_i and p_u k factors of taste. A
person's w_u = (p_u, b_u, theta_u) has the prior N(m0(seen), P0^-1), drawn to people
who saw the like; a film's (v_i, b_i) has the prior N(m_i, C0^-1), m_i a ridge
regression on who rated it and on its groups. All of it is fitted by mean-field EM
(`taste_steps`). Sources: Salakhutdinov & Mnih 2008 (BPMF), Koren 2008 (SVD++), Rendle
et al. 2019; d = k + 1 + number of groups.

Nobody's w_u is kept: a person is folded in from their ratings alone (`fold_in`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nexus.engine.arrays import Floats, Ints, freeze
from nexus.engine.learned.interactions import Columns, Table, Vocabulary
from nexus.engine.learned.packed import unpack
from nexus.engine.learned.prior import Groups
from nexus.engine.learned.profiles import (
    LEAST_SPREAD,
    film_features,
    find_profiles,
    group_names,
    group_rows,
    seen_profiles,
)
from nexus.engine.learned.rounded import Rounded, round_rows
from nexus.engine.learned.taste_steps import (
    Films,
    Prior,
    meet_films,
    meet_people,
    pieces,
    regress,
)
from nexus.engine.learned.terms import check_least, check_positive

# Variances believed before anything is seen, in stars^2.
USUAL_FACTOR, USUAL_BIAS, USUAL_GROUP = 0.05, 0.2, 0.02
START = 0.1
INTERCEPT_PENALTY = 1e-3
SAMPLE = 256


@dataclass(frozen=True, slots=True)
class TasteConfig:
    """factors: k; seen, raters: dimensions of the two profiles; rounds of EM.

    film_penalty, pull_penalty: of the two ridge regressions, in films and people
    noise_ratings: a film's noise is drawn to the usual one as by so many ratings
    pull_ratings:  the pull of what was seen counts n / (n + pull_ratings)
    """

    factors: int = 12
    seen: int = 50
    raters: int = 30
    rounds: int = 20
    film_penalty: float = 100.0
    pull_penalty: float = 200.0
    noise_ratings: float = 30.0
    pull_ratings: float = 5.0

    def __post_init__(self) -> None:
        check_least(1, factors=self.factors, seen=self.seen)
        check_least(1, raters=self.raters, rounds=self.rounds)
        check_positive(film_penalty=self.film_penalty, pull_penalty=self.pull_penalty)
        check_positive(noise_ratings=self.noise_ratings)
        check_least(0, pull_ratings=self.pull_ratings)


@dataclass(frozen=True)
class TasteModel:
    """Fitted; row n (also reached as -1) stands for any film that nobody rated.

    quality float64[n + 1]; vectors float32[n + 1, d]: x_i = (v_i, 1, g_i)
    noise float64[n + 1]: variance of a rating, of which `doubt` float64[n + 1] is
             owed to the film being little known, both in stars^2
    counts int64[n + 1]: ratings of the film
    precision float64[d, d]: P0; usual float64[d]: m0 of somebody without ratings
    seen: n rows of q, rounded; pull float64[q, d], unpulled float64[d]: for n ratings
             m0 = usual + s (sum of the seen rows / sqrt n . pull - unpulled),
             s = n / (n + pull_ratings)
    """

    vocabulary: Vocabulary
    groups: tuple[str, ...]
    k: int
    mean: float
    quality: Floats
    vectors: NDArray[np.float32]
    noise: Floats
    doubt: Floats
    counts: Ints
    precision: Floats
    usual: Floats
    seen: Rounded
    pull: Floats
    unpulled: Floats
    pull_ratings: float

    @cached_property
    def most_doubt(self) -> float:
        """Return the variance of what a stranger gives a film that nobody rated."""
        unknown = self.rows(np.array([-1]))[0]
        spread = unknown @ np.linalg.solve(self.precision, unknown)
        return float(spread + self.doubt[-1])

    @cached_property
    def weighed_pull(self) -> Floats:
        """float64[q, d]: pull . P0."""
        return self.pull @ self.precision

    @cached_property
    def moment(self) -> Floats:
        """float64[d, d]: the mean of x x' over some of the films."""
        n = len(self.vocabulary)
        rows = self.rows(np.unique(np.linspace(0, n - 1, SAMPLE).astype(np.intp)))
        return rows.T @ rows / len(rows)

    @cached_property
    def mean_doubt(self) -> float:
        """The mean of x' P0^-1 x over these films: of a stranger's expected stars."""
        return float((self.moment * np.linalg.inv(self.precision)).sum())

    def rows(self, columns: Columns) -> Floats:
        """x_j of the films: float64[m, d], exactly what is held."""
        return self.vectors[columns].astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Pull:
    """seen float64[n, q]: film directions; means, spread float64[q]: of the profiles.

    features float64[n_users, 1 + q]: 1 and the standardised profiles
    """

    seen: Floats
    means: Floats
    spread: Floats
    features: Floats


@dataclass(frozen=True, slots=True)
class _Fitted:
    films: Films
    film_prior: Prior
    prior: Prior
    pull: Floats


def fit_taste(
    table: Table,
    item_groups: Groups | None = None,
    *,
    config: TasteConfig | None = None,
    rng: np.random.Generator,
) -> TasteModel:
    """Learn from a table.

    Equal table, config and seed give equal bits on one machine, with one number of
    threads: another sums in another order.

    item_groups: names of the groups of each item id, the same source's as the
    ratings. ValueError without a rating.
    """
    if not table.stars.size:
        raise ValueError("no ratings to learn from")
    config = config or TasteConfig()
    names = group_names(table.vocabulary, item_groups)
    groups = group_rows(table.vocabulary, item_groups, names)
    profiles = find_profiles(table, max(config.seen, config.raters))
    pull = _see(table, profiles.films[:, : config.seen])
    features = film_features(table, profiles.people[:, : config.raters], groups)
    fitted = _learn(table, groups, features, pull, config=config, rng=rng)
    return _model(table, names, fitted, pull, config)


def _see(table: Table, films: Floats) -> _Pull:
    found = seen_profiles(table, films)
    means, spread = found.mean(axis=0), found.std(axis=0)
    spread = np.where(spread > LEAST_SPREAD, spread, np.inf)
    ones = np.ones((found.shape[0], 1))
    return _Pull(films, means, spread, np.hstack([ones, (found - means) / spread]))


def _learn(
    table: Table,
    groups: Floats,
    features: Floats,
    pull: _Pull,
    *,
    config: TasteConfig,
    rng: np.random.Generator,
) -> _Fitted:
    mean, counts = float(table.stars.mean()), np.bincount(table.items)
    films, film_prior, prior = _start(table, groups, config.factors, rng)
    rated = pieces(table, mean, prior.precision.shape[0])
    pull_penalties = _penalties(pull.features, config.pull_penalty)
    film_penalties = _penalties(features, config.film_penalty)
    film_usual, usual = _usual(config.factors, groups.shape[1])
    found = np.zeros((pull.features.shape[1], usual.size))
    for _ in range(config.rounds):
        w, sums = meet_people(films, prior, rated)
        found, prior = regress(pull.features, w, sums.total, pull_penalties, usual)
        films = meet_films(films, film_prior, sums, counts, config.noise_ratings)
        spread = unpack(films.spread.sum(axis=0)[None], config.factors + 1)[0]
        _, film_prior = regress(
            features, films.means, spread, film_penalties, film_usual
        )
    return _Fitted(films, film_prior, prior, found)


def _start(
    table: Table, groups: Floats, k: int, rng: np.random.Generator
) -> tuple[Films, Prior, Prior]:
    film_usual, usual = _usual(k, groups.shape[1])
    n = table.n_items
    means = np.hstack([rng.normal(0, START, (n, k)), np.zeros((n, 1))])
    spread = np.diag(np.full(k + 1, USUAL_FACTOR))[np.triu_indices(k + 1)]
    films = Films(means, np.tile(spread, (n, 1)), np.full(n, 1.0), groups)
    film_prior = Prior(np.zeros((n, k + 1)), np.diag(1 / film_usual))
    # Wide for the factors, or they would not leave their random start in time.
    wide = np.where(np.arange(usual.size) < k, 1.0, usual)
    return (
        films,
        film_prior,
        Prior(np.zeros((table.n_users, usual.size)), np.diag(1 / wide)),
    )


def _usual(k: int, n_groups: int) -> tuple[Floats, Floats]:
    film = np.array([*[USUAL_FACTOR] * k, USUAL_BIAS])
    return film, np.array([*film, *[USUAL_GROUP] * n_groups])


def _penalties(features: Floats, penalty: float) -> Floats:
    return np.array([INTERCEPT_PENALTY, *[penalty] * (features.shape[1] - 1)])


def _model(
    table: Table,
    names: tuple[str, ...],
    fitted: _Fitted,
    pull: _Pull,
    config: TasteConfig,
) -> TasteModel:
    films = _with_stranger(fitted.films, fitted.film_prior)
    doubt = doubt_of_films(films, fitted.prior)
    scaled = fitted.pull[1:] / pull.spread[:, None]
    return TasteModel(
        vocabulary=table.vocabulary,
        groups=names,
        k=films.k,
        mean=float(table.stars.mean()),
        quality=freeze(films.means[:, films.k].copy()),
        vectors=freeze(films.rows.astype(np.float32)),
        noise=freeze(1 / films.tau + doubt),
        doubt=freeze(doubt),
        counts=freeze(np.append(np.bincount(table.items), 0)),
        precision=freeze(fitted.prior.precision),
        usual=freeze(fitted.pull[0].copy()),
        seen=round_rows(pull.seen),
        pull=freeze(scaled),
        unpulled=freeze(pull.means @ scaled),
        pull_ratings=config.pull_ratings,
    )


def _with_stranger(films: Films, prior: Prior) -> Films:
    """One film more: the average film, no group, as little known as the prior says."""
    spread = np.linalg.inv(prior.precision)[np.triu_indices(films.k + 1)]
    return Films(
        np.vstack([films.means, prior.means.mean(axis=0)]),
        np.vstack([films.spread, spread]),
        np.append(films.tau, 1 / np.mean(1 / films.tau)),
        np.vstack([films.groups, np.zeros(films.groups.shape[1])]),
    )


def doubt_of_films(films: Films, prior: Prior) -> Floats:
    """E[(p, 1)' S_i (p, 1)] over people's priors, S_i the covariance of (v_i, b_i).

    Films are taken at their means when a person is folded in; what is lost by that
    is so much more noise in the ratings of little known films.
    """
    k, n = films.k, prior.means.shape[0]
    heads = np.hstack([prior.means[:, :k], np.ones((n, 1))])
    second = heads.T @ heads / n
    second[:k, :k] += np.linalg.inv(prior.precision)[:k, :k]
    double = 2 * second - np.diag(np.diag(second))
    return np.asarray(films.spread @ double[np.triu_indices(k + 1)], dtype=np.float64)
