"""Why "rules-1" gives a film its score: points that add up, and their causes."""

import math
from collections.abc import Sequence

from nexus.engine import rules
from nexus.engine.arrays import Ids, check_count
from nexus.engine.catalogue import Catalogue
from nexus.engine.points import point_rates, sigmoid, whole_points
from nexus.engine.reasons import Cause, Films, causes, evidence_counts, look_at
from nexus.engine.results import (
    Component,
    ComponentName,
    Confidence,
    Explanation,
    Reason,
)
from nexus.engine.taste import Taste, place

COMPONENTS: tuple[ComponentName, ...] = (
    "genre_affinity",
    "rating_history",
    "popularity",
)
MEDIUM = 0.4
HIGH = 0.7


def explain_by_rules(
    catalogue: Catalogue, taste: Taste, film_id: int, *, limit: int | None = None
) -> Explanation:
    """Take one score apart into components and at most `limit` reasons (None: all).

    Components are the Shapley shares of the three log-odds, rounded to whole points
    that add up. A component's reasons are its share divided in proportion to
    their log-odds; all reasons together sum to 100 * (like - sigmoid(base)). A rating
    of the film itself is no reason. ValueError if the film is not in the catalogue.
    """
    return explain_all_by_rules(catalogue, taste, [film_id], limit=limit)[0]


def explain_all_by_rules(
    catalogue: Catalogue, taste: Taste, film_ids: Ids, *, limit: int | None = None
) -> tuple[Explanation, ...]:
    """Explain each film as `explain_by_rules` does, in the given order; much faster.

    A film's explanation does not depend on which others are asked about. ValueError
    if a film is not in the catalogue or asked about twice.
    """
    check_count("limit", limit)
    films = look_at(catalogue, place(catalogue, taste), film_ids)
    counts = evidence_counts(films).tolist()
    return tuple(
        _explanation(films, at, evidence_count=count, limit=limit)
        for at, count in enumerate(counts)
    )


def _explanation(
    films: Films, at: int, *, evidence_count: int, limit: int | None
) -> Explanation:
    scores, match = films.scores, films.scores.match
    log_odds, parts = _log_odds(scores, at)
    rates = point_rates(log_odds, parts)
    base, *shares = _whole_shares(log_odds, parts, rates)
    named = zip(COMPONENTS, shares, strict=True)
    return Explanation(
        film_id=int(scores.ids[at]),
        model_version=rules.VERSION,
        match_score=base + sum(shares),
        base_points=base,
        base=100 * sigmoid(float(scores.base[at])),
        components=tuple(Component(name, points) for name, points in named),
        expected_stars=float(match.expected[at]),
        interval=_interval(scores, at),
        confidence=confidence_word(float(match.confidence[at])),
        evidence_count=evidence_count,
        cold_start=bool(films.signals.others[at] == 0),
        reasons=_reasons(films, at, rates, limit),
    )


def confidence_word(confidence: float) -> Confidence:
    """Name a `Match.confidence`: low below .4, high from .7."""
    if confidence < MEDIUM:
        return "low"
    return "medium" if confidence < HIGH else "high"


def _log_odds(scores: rules.RulesScores, at: int) -> tuple[float, list[float]]:
    parts = scores.genre_affinity, scores.rating_history, scores.popularity
    return float(scores.base[at]), [float(part[at]) for part in parts]


def _whole_shares(
    base: float, parts: Sequence[float], rates: Sequence[float]
) -> list[int]:
    """Base points, then the components': they sum to the rounded percentage."""
    points = [part * rate for part, rate in zip(parts, rates, strict=True)]
    shares = [100 * sigmoid(base), *points]
    return whole_points(shares, math.floor(math.fsum(shares) + 0.5))


def _interval(scores: rules.RulesScores, at: int) -> tuple[int, int]:
    """Score at the 10 % and 90 % points of the expectation, widened to whole points."""
    base, parts = _log_odds(scores, at)
    half = rules.EIGHTY_PERCENT * float(scores.uncertainty[at])
    middle, reach = base + math.fsum(parts), rules.LOG_ODDS_PER_STAR * half
    low, high = sigmoid(middle - reach), sigmoid(middle + reach)
    return math.floor(100 * low), math.ceil(100 * high)


def _reasons(
    films: Films, at: int, rates: Sequence[float], limit: int | None
) -> tuple[Reason, ...]:
    named = zip(COMPONENTS, rates, strict=True)
    per_star = {name: rules.LOG_ODDS_PER_STAR * rate for name, rate in named}
    found = [
        (cause.stars * per_star[cause.component], cause)
        for cause in causes(films, at, limit)
        if cause.stars
    ]
    return tuple(
        Reason(cause.kind, cause.id, cause.given, points)
        for points, cause in sorted(found, key=_strongest_first)[:limit]
    )


def _strongest_first(found: tuple[float, Cause]) -> tuple[float, str, int]:
    points, cause = found
    return -abs(points), cause.kind, -1 if cause.id is None else cause.id
