"""Which film somebody picks next: S, the first of the two ranking factors.

A linear item-item autoencoder of what was seen (family: SLIM, Ning & Karypis 2011;
EASE, Steck 2019; EDLAE, Steck 2020; RDLAE, Moon et al. 2023), for one person

    S_j = sum over rated i of f(stars_i) * B_ij                  (i != j)
        + prior_weight / (1 + n / prior_fade) * prior_j
        + genre_weight / (1 + n / prior_fade) * (declared . g_j) * sqrt(prior_j)

with n films rated. To have chosen a film is evidence of the next choice even if it
disappointed, so f is positive and only graded; whether it will be liked is for P(like).

Fitting: rows of A are f(stars), of Y the target t(stars), one per person, float64
[n_users, n_items]; d_u = (n_likes + 1)^-user_power weighs people;

    G = A'DA,  C = A'DY,  B = (G + L)^-1 C, diagonal zeroed afterwards,
    L_i = penalty * sqrt(n_users) * trace(G) / n_ratings + dropout/(1 - dropout) * G_ii.

The dropout term is what dropping inputs at that rate costs on average (Steck 2020).
The flat term is in units of ratings of average weight: what a chance meeting of two
films may weigh grows with the root of the people, however many rare films there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.sparse import csc_array

from nexus.engine.arrays import Floats, Sparse, check_share
from nexus.engine.learned.interactions import Columns, Table, Vocabulary
from nexus.engine.learned.prior import Genres, Groups, build_genres, rated_share
from nexus.engine.learned.profiles import by_person
from nexus.engine.learned.terms import LIKED_STARS, check_least, check_positive
from nexus.engine.learned.weights import (
    DenseWeights,
    FactoredWeights,
    Weights,
    factor,
    without_diagonal,
)

# Of the matrix held whole (200 MB), and of each factor where people are few (both 38 MB
# in a file, 88 MB in memory; more would take longer than 5 ms to multiply by).
MOST_CELLS = 50_000_000
MOST_FACTOR_CELLS = 12_500_000
# Columns of a product of sparse matrices at a time.
BLOCK = 256


@dataclass(frozen=True, slots=True)
class PickConfig:
    """Constants of the pick factor.

    inputs, targets: f and t at 1, 2, 3, 4, 5 stars; half stars lie between, half a
                     star counts as one; > 0
    user_power:      >= 0; 0 lets people count by how much they rated
    penalty:         > 0; dropout: 0 <= p < 1
    prior_weight, prior_fade, genre_weight: see the module; prior_fade > 0 in ratings,
                     the weights >= 0
    prior_half_life: share > 0 of the newest ratings, None: old ones count in full
    """

    inputs: tuple[float, ...] = (0.5, 0.6, 0.75, 1.0, 1.15)
    targets: tuple[float, ...] = (0.5, 0.65, 0.85, 1.0, 1.1)
    user_power: float = 0.35
    penalty: float = 8.0
    dropout: float = 0.3
    prior_weight: float = 0.3
    prior_fade: float = 4.0
    genre_weight: float = 0.2
    prior_half_life: float | None = 0.5

    def __post_init__(self) -> None:
        if len(self.inputs) != 5 or len(self.targets) != 5:
            raise ValueError("inputs and targets are five numbers, for 1 to 5 stars")
        for point in (*self.inputs, *self.targets):
            check_positive(inputs_and_targets=point)
        check_positive(penalty=self.penalty, prior_fade=self.prior_fade)
        if self.prior_half_life is not None:
            check_positive(prior_half_life=self.prior_half_life)
        check_least(0, user_power=self.user_power)
        check_least(0, prior_weight=self.prior_weight, genre_weight=self.genre_weight)
        check_share("dropout", self.dropout)
        if self.dropout == 1:
            raise ValueError("a dropout of 1 leaves nothing to learn from")


@dataclass(frozen=True, slots=True)
class Contributions:
    """S of one film taken apart: films.sum() + prior + genres is S, summed in float64.

    `PickModel.scores` may differ by a millionth of its largest score (see `weights`).

    films: float64[m], in the order of the history's columns
    """

    films: Floats
    prior: float
    genres: float

    @property
    def total(self) -> float:
        return float(self.films.sum()) + self.prior + self.genres


@dataclass(frozen=True, slots=True)
class PickModel:
    """Fitted on ratings; answers for anybody from their ratings alone.

    prior: float64[n_items], the share of people who rated each film
    """

    vocabulary: Vocabulary
    config: PickConfig
    weights: Weights
    prior: Floats
    genres: Genres

    def scores(
        self, columns: Columns, stars: Floats, declared: Sequence[str] = ()
    ) -> Floats:
        """S, float64[n_items], for what one person rated and the genres they declared.

        columns intp[m] are distinct and known to the model, stars float64[m] 0.5..5.
        A rated film gets a score too, its own rating left aside.
        """
        total = self.weights.product(columns, grade(stars, self.config.inputs))
        prior, genre = self._standing_in(columns.size)
        total += prior * self.prior
        if declared:
            total += genre * self.genres.likeness(declared) * np.sqrt(self.prior)
        return total

    def contributions(
        self,
        columns: Columns,
        stars: Floats,
        candidate: int,
        declared: Sequence[str] = (),
    ) -> Contributions:
        """Take S of the candidate (a column) apart, by rated film and stand-in."""
        inputs = grade(stars, self.config.inputs)
        prior, genre = self._standing_in(columns.size)
        likeness = self.genres.likeness(declared)[candidate] if declared else 0.0
        return Contributions(
            films=inputs * self.weights.cells(columns, candidate),
            prior=prior * float(self.prior[candidate]),
            genres=genre * float(likeness * np.sqrt(self.prior[candidate])),
        )

    def because_of(self, column: int, stars: float = 5.0) -> Floats:
        """float64[n_items]: what one film rated so adds to S of every film."""
        seen = np.array([column], dtype=np.intp)
        return self.weights.product(seen, grade(np.array([stars]), self.config.inputs))

    def _standing_in(self, n_rated: int) -> tuple[float, float]:
        fading = 1 + n_rated / self.config.prior_fade
        return self.config.prior_weight / fading, self.config.genre_weight / fading


@dataclass(frozen=True, slots=True)
class Problem:
    """The least squares problem that B solves, people's weights already applied.

    inputs:  CSR float64[n_users, n_items], sqrt(D) A
    targets: CSR float64[n_users, n_items], sqrt(D) Y
    energy:  float64[n_items], the diagonal of G
    penalty: float64[n_items], L, above 0
    """

    inputs: Sparse
    targets: Sparse
    energy: Floats
    penalty: Floats


def grade(stars: Floats, points: Sequence[float]) -> Floats:
    """Interpolate: points are the values at 1, 2, 3, 4 and 5 stars; .5 counts as 1."""
    return np.interp(stars, (1.0, 2.0, 3.0, 4.0, 5.0), points)


def fit_pick(
    table: Table, config: PickConfig | None = None, *, groups: Groups | None = None
) -> PickModel:
    """Fit B exactly; time and memory as n^2 to n^3 of the fewer of people and films."""
    config = config or PickConfig()
    problem = pose(table, config)
    few = are_few(table.n_users, table.n_items)
    weights = solve_by_people(problem) if few else solve_by_films(problem)
    return make_model(table, config, weights, groups)


def are_few(n_users: int, n_items: int) -> bool:
    """Whether people are so few that two factors take less than B itself."""
    return 2 * n_users < n_items and n_users * n_items <= MOST_FACTOR_CELLS


def make_model(
    table: Table, config: PickConfig, weights: Weights, groups: Groups | None
) -> PickModel:
    return PickModel(
        vocabulary=table.vocabulary,
        config=config,
        weights=weights,
        prior=rated_share(table, config.prior_half_life),
        genres=build_genres(table.vocabulary, groups or {}),
    )


def pose(table: Table, config: PickConfig) -> Problem:
    """Weigh people and grade stars; ValueError if there are no ratings."""
    if not table.stars.size:
        raise ValueError("there are no ratings to learn from")
    likes = np.bincount(
        table.users[table.stars >= LIKED_STARS], minlength=table.n_users
    )
    root = (likes + 1.0) ** (-config.user_power / 2)
    inputs = by_person(table, grade(table.stars, config.inputs) * root[table.users])
    targets = by_person(table, grade(table.stars, config.targets) * root[table.users])
    energy = np.asarray(inputs.power(2).sum(axis=0), dtype=np.float64)
    flat = config.penalty * np.sqrt(table.n_users) * energy.sum() / table.stars.size
    penalty = flat + config.dropout / (1 - config.dropout) * energy
    return Problem(inputs, targets, energy, penalty)


def solve_by_films(problem: Problem) -> DenseWeights:
    """B = (G + L)^-1 C by Cholesky in the space of films.

    Memory peaks at 12 n_items^2 bytes, the factor in float64 and B in float32, and a
    block of columns.
    """
    factor = cho_factor(ridge(problem.inputs, problem.penalty), overwrite_a=True)
    found = np.empty(factor[0].shape, dtype=np.float32)
    for part, target in _product(problem.inputs, problem.targets):
        found[:, part] = cho_solve(factor, target, overwrite_b=True, check_finite=False)
    return without_diagonal(found)


def ridge(inputs: Sparse, penalty: Floats) -> Floats:
    """X'X + L in Fortran order, as LAPACK overwrites it: float64[n, n], 8 n^2 bytes."""
    n = penalty.size
    found = np.empty((n, n), order="F")
    for part, block in _product(inputs, inputs):
        found[:, part] = block
    found[np.diag_indices(n)] += penalty
    return found


def _product(left: Sparse, right: Sparse) -> Iterator[tuple[slice, Floats]]:
    """left' right by blocks of columns: whole and sparse it takes more than dense."""
    across, columns = left.T, csc_array(right)
    for start in range(0, right.shape[1], BLOCK):
        part = slice(start, start + BLOCK)
        yield part, (across @ columns[:, part]).toarray(order="F")


def solve_by_people(problem: Problem) -> FactoredWeights:
    """Return the same B in the space of people, where they are the fewer.

    The directions of its factors are turned at random (`factor`): none is one person's
    ratings, not even of somebody who shares no film with anybody. That is tidiness,
    not anonymity. As with B itself, all people's ratings lie in the space its rows
    span, and what a film says that a single person rated is that person's: whoever may
    not read the ratings may not read a model's files.
    """
    return factor(*factors_by_people(problem), None)


def factors_by_people(problem: Problem) -> tuple[Floats, Floats]:
    """B, with its diagonal still, as left @ right', both float64[n_items, n_users].

    By Woodbury's identity, with X = sqrt(D) A and T = sqrt(D) Y,

        (X'X + L)^-1 X'T = L^-1 X' (X L^-1 X' + 1)^-1 T = (L^-1 X' F) (T' F)'

    where F = R'^-1 for the Cholesky factor R R' = X L^-1 X' + 1.
    """
    scaled = problem.inputs.copy()
    scaled.data /= problem.penalty[scaled.indices]
    kernel = (scaled @ problem.inputs.T).toarray()
    one = np.eye(len(kernel))
    root = cholesky(kernel + one, lower=True, overwrite_a=True)
    half = solve_triangular(root, one, lower=True, overwrite_b=True).T
    return np.asarray(scaled.T @ half), np.asarray(problem.targets.T @ half)
