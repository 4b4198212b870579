"""Why the learned model expects what it does: points that add up, and their causes.

Expected stars of film j are linear in what a person's ratings told (`fold_in`), with
x_j = (taste v_j, 1, groups g_j):

    mu + b_j + x_j . A^-1 P0 start + sum over rated i of x_j . A^-1 (told_i + pull_i)

and the log-odds of a like are linear in the stars. So they are a sum, exactly, of

    base            mu: the average film for anybody
    rating_history  what the rated films tell of taste and generosity, film by film
    genre_affinity  what they tell of the film's groups, group by group
    popularity      b_j, the film's quality, and what is owed to no rating

whose points are Shapley shares, in whole numbers by largest remainder (`points`). The
causes within a component divide its points as they do its stars.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nexus.engine.arrays import Floats, Ints
from nexus.engine.explain import confidence_word
from nexus.engine.learned.calibration import (
    MIDDLE,
    Calibration,
    Line,
    clip_stars,
    line,
)
from nexus.engine.learned.fold_in import Person
from nexus.engine.learned.interactions import Columns
from nexus.engine.learned.matching import chance_range, confidence, foresee
from nexus.engine.learned.taste import TasteModel
from nexus.engine.points import point_rates, sigmoid, whole_points
from nexus.engine.results import (
    Component,
    ComponentName,
    Explanation,
    Reason,
    ReasonKind,
)

VERSION = "learned-1"
COMPONENTS: tuple[ComponentName, ...] = (
    "genre_affinity",
    "rating_history",
    "popularity",
)


# kind, id, stars and name of a Reason
_Label: TypeAlias = tuple[ReasonKind, int | None, float | None, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class StarShares:
    """Expected stars of m films, unclipped: all these together.

    average: mu; quality float64[m]: b_j; rest float64[m]: owed to no rating
    groups:  float64[m, g], by group
    history: float64[m, n], by rated film, in the order of `Person.known`
    """

    average: float
    quality: Floats
    rest: Floats
    groups: Floats
    history: Floats

    @property
    def components(self) -> Floats:
        """float64[m, 3], in their order; with the average they are all there is."""
        film = self.quality + self.rest
        sums = self.groups.sum(axis=1), self.history.sum(axis=1), film
        return np.stack(sums, axis=1)


def share_stars(model: TasteModel, person: Person, columns: Columns) -> StarShares:
    """Take the expected stars of columns (-1: a film nobody rated) apart."""
    rows, k = model.rows(columns), model.k
    causes = person.shares @ person.covariance
    alone = person.covariance @ (model.precision @ person.start)
    return StarShares(
        average=model.mean,
        quality=model.quality[columns],
        rest=rows @ alone,
        groups=rows[:, k + 1 :] * causes[:, k + 1 :].sum(axis=0),
        history=rows[:, : k + 1] @ causes[:, : k + 1].T,
    )


@dataclass(frozen=True, slots=True)
class Odds:
    """Log-odds of a like: base and by component; slope: log-odds per star."""

    base: float
    parts: list[float]
    slope: float

    @property
    def base_points(self) -> float:
        return 100 * sigmoid(self.base)

    @property
    def rates(self) -> list[float]:
        """Points per unit of log-odds, by component."""
        return point_rates(self.base, self.parts)


def odds_of(found: Line, shares: StarShares) -> list[Odds]:
    """Film by film."""
    base = found.offset + found.slope * (shares.average - MIDDLE)
    parts = shares.components * found.slope[:, np.newaxis]
    each = zip(base.tolist(), parts.tolist(), found.slope.tolist(), strict=True)
    return [Odds(*one) for one in each]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Films as one person sees them, a line each.

    labels: of all possible reasons
    groups: float64[m, g], 0 where a film is not in the group
    """

    ids: Sequence[int]
    person: Person
    shares: StarShares
    odds: list[Odds]
    expected: Floats
    confidence: Floats
    ranges: tuple[Floats, Floats]
    labels: "_Labels"
    groups: Floats


def explain(
    model: TasteModel,
    calibration: Calibration,
    person: Person,
    film_ids: Sequence[int],
    *,
    limit: int | None = None,
) -> list[Explanation]:
    """Take match scores apart; a rating of one of the films is to be left out before.

    Reasons, at most `limit` (None: all), strongest first: the film's groups, each rated
    film, "quality" (b_j) and "popularity" (the rest); all of them and the base together
    are 100 * like.
    """
    columns = model.vocabulary.columns(film_ids)
    foreseen = foresee(model, person, columns)
    found = line(calibration, foreseen)
    shares = share_stars(model, person, columns)
    seen = _Seen(
        ids=film_ids,
        person=person,
        shares=shares,
        odds=odds_of(found, shares),
        expected=clip_stars(foreseen.expected),
        confidence=confidence(model, person, columns),
        ranges=chance_range(calibration, foreseen, found),
        labels=_labels(model, person),
        groups=model.rows(columns)[:, model.k + 1 :],
    )
    return [_explanation(seen, at, limit) for at in range(len(film_ids))]


def _explanation(seen: _Seen, at: int, limit: int | None) -> Explanation:
    odds, low, high = seen.odds[at], *(float(ends[at]) for ends in seen.ranges)
    rates = odds.rates
    base, *points = _whole_points(odds, rates)
    named = zip(COMPONENTS, points, strict=True)
    return Explanation(
        film_id=seen.ids[at],
        model_version=VERSION,
        match_score=base + sum(points),
        base_points=base,
        base=odds.base_points,
        components=tuple(Component(name, whole) for name, whole in named),
        expected_stars=float(seen.expected[at]),
        interval=(math.floor(100 * low), math.ceil(100 * high)),
        confidence=confidence_word(float(seen.confidence[at])),
        evidence_count=len(seen.person),
        cold_start=len(seen.person) == 0,
        reasons=_reasons(seen, at, [odds.slope * rate for rate in rates], limit),
    )


def _whole_points(odds: Odds, rates: Sequence[float]) -> list[int]:
    """Base points, then the components': they sum to the rounded percentage."""
    shares = [part * rate for part, rate in zip(odds.parts, rates, strict=True)]
    exact = [odds.base_points, *shares]
    return whole_points(exact, math.floor(math.fsum(exact) + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """All possible reasons, in the order of ties: groups by name, popularity, quality,
    rated films by id.
    """

    groups: list[_Label]
    ids: Ints
    stars: Floats

    def __getitem__(self, place: int) -> _Label:
        film = place - len(self.groups)
        if film < 0:
            return self.groups[place]
        return "rated_movie", int(self.ids[film]), float(self.stars[film]), None


def _labels(model: TasteModel, person: Person) -> _Labels:
    known = person.known
    rated = model.rows(known.columns)[:, model.k + 1 :] > 0
    counts = rated.sum(axis=0)
    averages = (known.stars @ rated / np.maximum(counts, 1)).tolist()
    groups = zip(model.groups, averages, counts.tolist(), strict=True)
    return _Labels(
        groups=[
            *(
                ("genre", None, average if count else None, name)
                for name, average, count in groups
            ),
            ("popularity", None, None, None),
            ("quality", None, None, None),
        ],
        ids=model.vocabulary.items[known.columns],
        stars=known.stars,
    )


def _reasons(
    seen: _Seen, at: int, per_star: Sequence[float], limit: int | None
) -> tuple[Reason, ...]:
    genre, history, film = per_star
    shares, g = seen.shares, seen.groups.shape[1]
    fame = [film * shares.rest[at], film * shares.quality[at]]
    effects = [genre * shares.groups[at], fame, history * shares.history[at]]
    points = np.concatenate(effects)
    there = np.ones(points.size, dtype=np.bool_)
    # Whoever has rated nothing has told nothing of a group.
    there[:g] = (seen.groups[at] != 0) & (len(seen.person) > 0)
    order = np.argsort(-np.abs(points), kind="stable")
    chosen = order[there[order]][:limit]
    worth = float(shares.average + shares.quality[at])
    reasons = []
    for place, effect in zip(chosen.tolist(), points[chosen].tolist(), strict=True):
        kind, id_, stars, name = seen.labels[place]
        stars = worth if kind == "quality" else stars
        reasons.append(Reason(kind, id_, stars, effect, name))
    return tuple(reasons)
