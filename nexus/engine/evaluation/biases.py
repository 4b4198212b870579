"""Peers that foresee stars by averages: item and user biases, and shares of likes."""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.learned.interactions import (
    LEAST_STARS,
    MOST_STARS,
    History,
    Ratings,
    Table,
    Vocabulary,
    index,
    place,
)
from nexus.engine.learned.terms import LIKED_STARS
from nexus.engine.results import Match

EIGHTY_PERCENT = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Biases:
    """r_ui = mu + b_i + b_u, damped averages by turns (Koren 2010, "Factor in ...").

    b_i = sum(r - mu - b_u) / (film_damping + n_i), b_u = sum(r - mu - b_i) /
    (person_damping + n_u); an unknown film has b_i = 0. As a chance of a like it is
    shown as r / 5, as many sites do.
    """

    film_damping: float = 10.0
    person_damping: float = 15.0
    sweeps: int = 10
    name: str = "biases"

    def fit(self, ratings: Ratings) -> "BiasModel":
        table = index(ratings)
        mean = float(table.stars.mean())
        person, film = np.zeros(table.n_users), np.zeros(table.n_items)
        for _ in range(self.sweeps):
            left = table.stars - mean - person[table.users]
            film = damped_mean(table.items, left, table.n_items, self.film_damping)
            left = table.stars - mean - film[table.items]
            person = damped_mean(table.users, left, table.n_users, self.person_damping)
        errors = table.stars - mean - film[table.items] - person[table.users]
        low, high = np.quantile(errors, EIGHTY_PERCENT)
        return BiasModel(
            table.vocabulary, mean, film, self.person_damping, float(low), float(high)
        )


@dataclass(frozen=True, slots=True)
class BiasModel:
    """film: float64[n_items] stars; low, high: 10 % and 90 % errors in training."""

    vocabulary: Vocabulary
    mean: float
    film: Floats
    person_damping: float
    low: float
    high: float

    def expect(self, person: int, history: History, candidates: Ints) -> Floats:
        known = place(self.vocabulary, history)
        left = known.stars - self.mean - self.film[known.columns]
        generosity = left.sum() / (self.person_damping + len(known))
        columns = self.vocabulary.columns(candidates)
        quality = np.where(columns < 0, 0.0, self.film[columns])
        stars: Floats = self.mean + quality + generosity
        return stars.clip(LEAST_STARS, MOST_STARS)

    def match(self, history: History, candidates: Ints) -> Match:
        stars = self.expect(0, history, candidates)
        return stars_as_match(stars, self.low, self.high)


@dataclass(frozen=True, slots=True)
class FilmShare:
    """P(like) = (likes_j + damping * share) / (n_j + damping): the same for everybody.

    The range is the middle 80 % of all stars.
    """

    damping: float = 5.0
    name: str = "share of likes"

    def fit(self, ratings: Ratings) -> "ShareModel":
        table = index(ratings)
        liked = (table.stars >= LIKED_STARS).astype(np.float64)
        low, high = np.quantile(table.stars, EIGHTY_PERCENT)
        return ShareModel(
            table.vocabulary,
            self._shares(table, liked),
            float(liked.mean()),
            (float(low), float(table.stars.mean()), float(high)),
        )

    def _shares(self, table: Table, liked: Floats) -> Floats:
        share = float(liked.mean())
        more = damped_mean(table.items, liked - share, table.n_items, self.damping)
        return share + more


@dataclass(frozen=True, slots=True)
class ShareModel:
    """shares: float64[n_items] 0..1; usual: that of all ratings; low, mean, high."""

    vocabulary: Vocabulary
    shares: Floats
    usual: float
    stars: tuple[float, float, float]

    def match(self, history: History, candidates: Ints) -> Match:
        columns = self.vocabulary.columns(candidates)
        low, mean, high = (np.full(columns.size, value) for value in self.stars)
        like = np.where(columns < 0, self.usual, self.shares[columns])
        return Match(like, mean, low, high, np.full(columns.size, np.nan))


def stars_as_match(stars: Floats, low: float, high: float) -> Match:
    """Stars shown as a chance, r / 5, with the errors low..high around them."""
    return Match(
        like=stars / MOST_STARS,
        expected=stars,
        low=np.clip(stars + low, LEAST_STARS, MOST_STARS),
        high=np.clip(stars + high, LEAST_STARS, MOST_STARS),
        confidence=np.full(stars.size, np.nan),
    )


def damped_mean(groups: Ints, values: Floats, n: int, damping: float) -> Floats:
    """float64[n]: sum of the values of each group / (damping + their number)."""
    sums = np.bincount(groups, values, minlength=n).astype(np.float64)
    return sums / (damping + np.bincount(groups, minlength=n))
