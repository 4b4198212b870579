"""Why the learned model expects what it does: points that add up, and their causes.

Expected stars of film j are linear in what a person's ratings told (`fold_in`), with
x_j = (taste v_j, 1, groups g_j):

    mu + b_j + x_j . A^-1 P0 start + sum over rated i of x_j . A^-1 (told_i + pull_i)

and the log-odds of a like are linear in the stars. So they are a sum, exactly, of

    base            mu: the average film for anybody
    rating_history  what the rated films tell of taste and generosity
    genre_affinity  what they tell of the film's groups
    popularity      b_j, the film's quality, and what is owed to no rating

whose points are Shapley shares, in whole numbers by largest remainder (`points`). A
rated film's points are its parts in two of these, each at its points per star.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Floats
from nexus.engine.explain import confidence_word
from nexus.engine.learned.calibration import MIDDLE, Calibration, line
from nexus.engine.learned.fold_in import Person, told
from nexus.engine.learned.matching import chance_range, foresee, match
from nexus.engine.learned.taste import TasteModel
from nexus.engine.points import point_rates, shapley_points, sigmoid, whole_points
from nexus.engine.results import Component, ComponentName, Explanation, Reason

VERSION = "learned-1"
COMPONENTS: tuple[ComponentName, ...] = (
    "genre_affinity",
    "rating_history",
    "popularity",
)


@dataclass(frozen=True, slots=True)
class StarShares:
    """Expected stars of one film, unclipped, as a sum of all these.

    average: mu; quality: b_j; rest: owed to no rating
    history, groups: float64[n], by rated film, in the order of `Person.known`
    """

    average: float
    quality: float
    rest: float
    history: Floats
    groups: Floats

    @property
    def components(self) -> list[float]:
        """By component, in their order; with the average they are all there is."""
        film = self.quality + self.rest
        return [float(self.groups.sum()), float(self.history.sum()), film]


def share_stars(model: TasteModel, person: Person, column: int) -> StarShares:
    """Take the expected stars of a column (-1: a film nobody rated) apart."""
    row = model.rows[column]
    causes = (told(model, person.known) + person.pulls) @ person.covariance
    history = slice(0, model.k + 1)
    groups = slice(model.k + 1, None)
    alone = row @ person.covariance @ (model.precision @ person.start)
    return StarShares(
        average=model.mean,
        quality=float(model.quality[column]),
        rest=float(alone),
        history=causes[:, history] @ row[history],
        groups=causes[:, groups] @ row[groups],
    )


@dataclass(frozen=True, slots=True)
class Odds:
    """log-odds of a like: base and by component; slope: log-odds per star."""

    base: float
    parts: list[float]
    slope: float

    def whole_points(self) -> list[int]:
        """Base points, then the components': they sum to the rounded percentage."""
        exact = [100 * sigmoid(self.base), *shapley_points(self.base, self.parts)]
        return whole_points(exact, math.floor(math.fsum(exact) + 0.5))

    def points_per_star(self) -> list[float]:
        """By component, in their order."""
        return [self.slope * rate for rate in point_rates(self.base, self.parts)]


def odds_of(
    model: TasteModel, calibration: Calibration, person: Person, column: int
) -> tuple[Odds, StarShares]:
    shares = share_stars(model, person, column)
    foreseen = foresee(model, person, np.array([column]))
    offset, slope = (float(one[0]) for one in line(calibration, foreseen))
    base = offset + slope * (shares.average - MIDDLE)
    return Odds(base, [slope * part for part in shares.components], slope), shares


def explain(
    model: TasteModel, calibration: Calibration, person: Person, film_id: int
) -> Explanation:
    """Take one match score apart; a rating of the film itself is to be left out before.

    Reasons, strongest first: each rated film, "quality" (b_j) and "popularity" (the
    rest); all together 100 * (like - sigmoid(base)).
    """
    columns = model.vocabulary.columns([film_id])
    odds, shares = odds_of(model, calibration, person, int(columns[0]))
    base, *points = odds.whole_points()
    low, high = chance_range(model, calibration, person, columns)
    found = match(model, calibration, person, columns)
    named = zip(COMPONENTS, points, strict=True)
    return Explanation(
        film_id=film_id,
        model_version=VERSION,
        match_score=base + sum(points),
        base_points=base,
        components=tuple(Component(name, whole) for name, whole in named),
        expected_stars=float(found.expected[0]),
        interval=(math.floor(100 * low[0]), math.ceil(100 * high[0])),
        confidence=confidence_word(float(found.confidence[0])),
        evidence_count=len(person),
        cold_start=len(person) == 0,
        reasons=_reasons(model, person, shares, odds.points_per_star()),
    )


def _reasons(
    model: TasteModel, person: Person, shares: StarShares, per_star: Sequence[float]
) -> tuple[Reason, ...]:
    genre, history, film = per_star
    worth = shares.average + shares.quality
    reasons = [
        Reason("quality", None, worth, film * shares.quality),
        Reason("popularity", None, None, film * shares.rest),
    ]
    effects = genre * shares.groups + history * shares.history
    ids = model.vocabulary.items[person.known.columns].tolist()
    rated = zip(ids, person.known.stars.tolist(), effects.tolist(), strict=True)
    reasons += [Reason("rated_movie", *one) for one in rated]
    return tuple(sorted(reasons, key=_strongest_first))


def _strongest_first(reason: Reason) -> tuple[float, str, int]:
    return -abs(reason.points), reason.kind, -1 if reason.id is None else reason.id
