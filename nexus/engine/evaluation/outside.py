"""Peers from other projects' libraries, each where it is installed.

`implicit` (iALS) and `scikit-surprise` (SVD, SVD++, KNNBaseline) are no part of what
Nexus needs: `find_outside` names those that are absent, so that a report can say so.
They are loaded by name, because neither library has types.
"""

from dataclasses import dataclass
from dataclasses import field as made
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from nexus.engine.arrays import Floats, Ints
from nexus.engine.evaluation.biases import EIGHTY_PERCENT, stars_as_match
from nexus.engine.evaluation.contestants import Field
from nexus.engine.evaluation.peers import LikesModel, likes_matrix, likes_model
from nexus.engine.learned.interactions import (
    LEAST_STARS,
    MOST_STARS,
    Columns,
    History,
    Ratings,
    Vocabulary,
    index,
    place,
)
from nexus.engine.results import Match


def find_outside(seed: int) -> Field:
    """Those that are installed, by what they can do, and the names of the others."""
    als = ImplicitAls(seed=seed)
    svds = (surprise_svd(seed), tuned_svd(seed))
    others = (surprise_svdpp(seed), surprise_knn())
    implicit, surprise = bool(find_spec("implicit")), bool(find_spec("surprise"))
    absent = [] if implicit else [als.name]
    absent += [] if surprise else [peer.name for peer in (*svds, *others)]
    return Field(
        rankers=(als,) if implicit else (),
        predictors=(*svds, *others) if surprise else (),
        matchers=svds if surprise else (),
        absent=tuple(absent),
    )


def installed_version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class ImplicitAls:
    """iALS (Hu, Koren and Volinsky 2008) on likes; somebody new is solved for."""

    factors: int = 64
    regularization: float = 10.0
    alpha: float = 5.0
    iterations: int = 15
    seed: int = 0
    name: str = "iALS (implicit)"

    def fit(self, ratings: Ratings) -> LikesModel:
        table = index(ratings)
        model = import_module("implicit.cpu.als").AlternatingLeastSquares(
            factors=self.factors,
            regularization=self.regularization,
            alpha=self.alpha,
            iterations=self.iterations,
            random_state=self.seed,
            num_threads=1,
        )
        likes = likes_matrix(table)
        model.fit(csr_matrix(likes.astype(np.float32)), show_progress=False)
        return likes_model(table, likes, _Solve(model, table.n_items))


@dataclass(frozen=True, slots=True)
class _Solve:
    model: Any
    n_items: int

    def __call__(self, liked: Columns) -> Floats:
        ones = np.ones(liked.size, dtype=np.float32)
        row = csr_matrix((ones, (np.zeros_like(liked), liked)), (1, self.n_items))
        person = self.model.recalculate_user(0, row)
        return np.asarray(self.model.item_factors @ person, dtype=np.float64).ravel()


@dataclass(frozen=True, slots=True)
class Surprise:
    """An algorithm of Surprise, trained on the very people it is asked about."""

    name: str
    algorithm: str
    settings: dict[str, Any] = made(default_factory=dict)

    def fit(self, ratings: Ratings) -> "SurpriseModel":
        algorithm = getattr(import_module("surprise"), self.algorithm)
        model = algorithm(**self.settings).fit(_trainset(ratings))
        table = index(ratings)
        return SurpriseModel(model, table.vocabulary)


@dataclass(frozen=True, slots=True)
class SurpriseModel:
    model: Any
    vocabulary: Vocabulary

    def expect(self, person: int, history: History, candidates: Ints) -> Floats:
        guesses = [self.model.predict(person, item).est for item in candidates.tolist()]
        return np.array(guesses, dtype=np.float64)


def _trainset(ratings: Ratings) -> Any:
    surprise = import_module("surprise")
    table = index(ratings)
    people = np.unique(ratings.users).tolist()
    rows: dict[int, list[tuple[int, float]]] = {}
    films: dict[int, list[tuple[int, float]]] = {}
    triples = (table.users.tolist(), table.items.tolist(), table.stars.tolist())
    for person, film, stars in zip(*triples, strict=True):
        rows.setdefault(person, []).append((film, stars))
        films.setdefault(film, []).append((person, stars))
    return surprise.Trainset(
        rows,
        films,
        table.n_users,
        table.n_items,
        len(ratings),
        (LEAST_STARS, MOST_STARS),
        {person: row for row, person in enumerate(people)},
        {film: row for row, film in enumerate(table.vocabulary.items.tolist())},
    )


@dataclass(frozen=True, slots=True)
class SurpriseFactors(Surprise):
    """SVD, with a fold-in for people it was not trained on.

    p_u, b_u = argmin sum (r - mu - b_i - b_u - q_i p_u)^2 + n reg (|p_u|^2 + b_u^2),
    the ridge regression that stochastic descent with `reg_all` approaches.
    """

    def fit(self, ratings: Ratings) -> "FactorModel":
        trained = Surprise.fit(self, ratings)
        errors = _training_errors(trained.model, ratings)
        low, high = np.quantile(errors, EIGHTY_PERCENT)
        return FactorModel(trained.model, trained.vocabulary, float(low), float(high))


@dataclass(frozen=True, slots=True)
class FactorModel(SurpriseModel):
    """low, high: 10 % and 90 % errors in training."""

    low: float
    high: float

    def match(self, history: History, candidates: Ints) -> Match:
        return stars_as_match(self._stars(history, candidates), self.low, self.high)

    def _stars(self, history: History, candidates: Ints) -> Floats:
        known = place(self.vocabulary, history)
        person = self._fold_in(known.columns, known.stars)
        columns = self.vocabulary.columns(candidates)
        rows = self._rows(columns)
        rows[columns < 0, 1:] = 0.0
        quality = np.where(columns < 0, 0.0, self.model.bi[columns])
        mean = self.model.trainset.global_mean
        stars: Floats = mean + quality + rows @ person
        return stars.clip(LEAST_STARS, MOST_STARS)

    def _fold_in(self, columns: Columns, stars: Floats) -> Floats:
        """float64[1 + factors]: the person's generosity and taste."""
        rows = self._rows(columns)
        left = stars - self.model.trainset.global_mean - self.model.bi[columns]
        ridge = self.model.reg_pu * max(columns.size, 1) * np.eye(rows.shape[1])
        person: Floats = np.linalg.solve(rows.T @ rows + ridge, rows.T @ left)
        return person

    def _rows(self, columns: Columns) -> Floats:
        return np.column_stack([np.ones(columns.size), self.model.qi[columns]])


def _training_errors(model: Any, ratings: Ratings) -> Floats:
    table = index(ratings)
    guess = model.trainset.global_mean + model.bu[table.users] + model.bi[table.items]
    guess += np.einsum("kf,kf->k", model.pu[table.users], model.qi[table.items])
    errors: Floats = table.stars - np.clip(guess, LEAST_STARS, MOST_STARS)
    return errors


def surprise_svd(seed: int) -> SurpriseFactors:
    return SurpriseFactors("SVD (Surprise)", "SVD", {"random_state": seed})


def tuned_svd(seed: int) -> SurpriseFactors:
    """The best of 44 settings tried on the small MovieLens table, on other splits.

    With 100 factors, 250 epochs instead of 150 gained .0005 there.
    """
    settings = {"n_factors": 200, "n_epochs": 150, "lr_all": 0.005, "reg_all": 0.1}
    return SurpriseFactors(
        "tuned SVD (Surprise)", "SVD", {**settings, "random_state": seed}
    )


def surprise_svdpp(seed: int) -> Surprise:
    settings = {"random_state": seed, "cache_ratings": True}
    return Surprise("SVD++ (Surprise)", "SVDpp", settings)


def surprise_knn() -> Surprise:
    similarity = {"name": "pearson_baseline", "user_based": False}
    settings = {"sim_options": similarity, "verbose": False}
    return Surprise("KNNBaseline (Surprise)", "KNNBaseline", settings)
