"""A taste model with its calibration: match scores, range and confidence."""

import numpy as np

from nexus.engine.arrays import Floats
from nexus.engine.learned.calibration import (
    Calibration,
    Foreseen,
    Line,
    chance,
    clip_stars,
    stars_range,
)
from nexus.engine.learned.fold_in import (
    Person,
    expected_stars,
    taste_variance,
    variance,
)
from nexus.engine.learned.interactions import Columns
from nexus.engine.learned.taste import TasteModel
from nexus.engine.results import Match


def foresee(model: TasteModel, person: Person, columns: Columns) -> Foreseen:
    return Foreseen(
        known=np.full(columns.size, len(person), dtype=np.int64),
        counts=model.counts[columns],
        expected=expected_stars(model, person, columns),
        sd=np.sqrt(variance(model, person, columns)),
    )


def match(
    model: TasteModel, calibration: Calibration, person: Person, columns: Columns
) -> Match:
    """How the films would suit the person; column -1 is a film nobody rated."""
    foreseen = foresee(model, person, columns)
    expected = clip_stars(foreseen.expected)
    low, high = stars_range(calibration, foreseen)
    # Where nearly all errors have one sign, the range alone would not hold the mean.
    return Match(
        like=chance(calibration, foreseen),
        expected=expected,
        low=np.minimum(low, expected),
        high=np.maximum(high, expected),
        confidence=confidence(model, person, columns),
    )


def confidence(model: TasteModel, person: Person, columns: Columns) -> Floats:
    """1 - doubt / a stranger's doubt about an unknown film: float64[m], 0..1.

    Doubt is the variance that more ratings would take away: of the person's taste and
    of what is known about the film, not the noise of single ratings.
    """
    left = taste_variance(model, person, columns) + model.doubt[columns]
    return np.asarray(np.clip(1 - left / model.most_doubt, 0.0, 1.0), dtype=np.float64)


def chance_range(
    calibration: Calibration, foreseen: Foreseen, odds: Line
) -> tuple[Floats, Floats]:
    """The range of stars through the map of the match score: float64[m], 0..1."""
    low, high = stars_range(calibration, foreseen)
    like = odds.chance(foreseen.expected)
    return np.minimum(odds.chance(low), like), np.maximum(odds.chance(high), like)
