"""From expected stars to the chance of a like, a range, and points that add up.

    log-odds of 4 stars or more = offset(n, sd) + slope(n, sd) (expected - 3.75)

n the ratings known of the person, sd the model's standard deviation of the rating;
offset and slope are sums of a few fixed functions of both, fitted by penalised
logistic regression on people the model never saw (Platt 1999). At fixed person and
film the map is linear, so what adds up in stars adds up in log-odds. The range holds
the 10 % and 90 % quantiles of the held-out errors in the same bucket of n and sd
(split conformal prediction, Vovk et al. 2005); films with few ratings have their own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from nexus.engine.arrays import Bools, Floats, Ints, freeze
from nexus.engine.learned.interactions import LEAST_STARS, MOST_STARS
from nexus.engine.learned.terms import LIKED_STARS

# Stars come in halves: 4 or more means above 3.75.
MIDDLE = 3.75
# Where the person's ratings known start a new bucket, and where the trend may bend.
KNOWN_FROM = (0, 1, 6, 21)
FEW_RATINGS = 20
SD_BUCKETS = 3
LEAST_CASES = 100
TAIL = 0.1
# The logistic of this slope is closest to a normal of deviation 1.
USUAL_SLOPE = 1.7
USUAL_TAIL = 1.2816
LEAST_SLOPE = 0.2
PENALTY = 1.0
NEWTON_STEPS = 50
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the model says of ratings: float64[m] each, but known and counts int64[m].

    known: ratings known of the person;  counts: ratings of the film
    expected: stars, unclipped;  sd: of the rating, stars
    """

    known: Ints
    counts: Ints
    expected: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted on held-out people.

    offset, slope: float64[f], weights of the functions in `_basis`
    edges: float64[4, 2]: sd where buckets end, by ratings known
    low, high: float64[2, 4, 3]: errors in stars at 10 % and 90 %, by (few, known, sd)
    """

    offset: Floats
    slope: Floats
    edges: Floats
    low: Floats
    high: Floats


def calibrate(foreseen: Foreseen, stars: Floats) -> Calibration:
    """Fit to what held-out people gave, float64[m]; without any, what is usual."""
    if foreseen.expected.shape != stars.shape:
        raise ValueError(f"{foreseen.expected.size} cases but {stars.size} stars")
    offset, slope = _fit_odds(foreseen, stars >= LIKED_STARS)
    edges = _edges(foreseen)
    low, high = _ranges(foreseen, stars - foreseen.expected, edges)
    return Calibration(*map(freeze, (offset, slope, edges, low, high)))


class Line(NamedTuple):
    """Offset and slope of the log-odds at MIDDLE, float64[m]; the slope is positive."""

    offset: Floats
    slope: Floats

    def chance(self, stars: Floats) -> Floats:
        """P(stars >= 4), float64[m], if these are expected."""
        found = expit(self.offset + self.slope * (stars - MIDDLE))
        return np.asarray(found, dtype=np.float64)


def line(calibration: Calibration, foreseen: Foreseen) -> Line:
    basis = _basis(foreseen)
    slope = np.maximum(basis @ calibration.slope, LEAST_SLOPE)
    return Line(basis @ calibration.offset, slope)


def chance(calibration: Calibration, foreseen: Foreseen) -> Floats:
    """P(stars >= 4), float64[m]."""
    return line(calibration, foreseen).chance(foreseen.expected)


def stars_range(calibration: Calibration, foreseen: Foreseen) -> tuple[Floats, Floats]:
    """low, high: float64[m], 0.5..5: four of five ratings are between the two."""
    bucket = _bucket(foreseen, calibration.edges)
    low = foreseen.expected + calibration.low[bucket]
    high = foreseen.expected + calibration.high[bucket]
    return clip_stars(low), clip_stars(high)


def clip_stars(stars: Floats) -> Floats:
    return np.clip(stars, LEAST_STARS, MOST_STARS)


def _basis(foreseen: Foreseen) -> Floats:
    """float64[m, 8]: 1, log(1 + n), the same bent at 5 and at 20, each also * log sd.

    The bends let few and many ratings have a trend of their own.
    """
    n = np.log1p(foreseen.known.astype(np.float64))
    bent = [np.maximum(n - np.log(first), 0.0) for first in KNOWN_FROM[2:]]
    trend = np.column_stack([np.ones_like(n), n, *bent])
    return np.hstack([trend, trend * np.log(foreseen.sd)[:, None]])


def _fit_odds(foreseen: Foreseen, liked: Bools) -> tuple[Floats, Floats]:
    """Maximum a posteriori by Newton's method; the prior is the normal's slope."""
    basis = _basis(foreseen)
    f = basis.shape[1]
    features = np.hstack([basis, basis * (foreseen.expected - MIDDLE)[:, None]])
    usual = np.zeros(2 * f)
    usual[f] = USUAL_SLOPE
    weights = usual
    for _ in range(NEWTON_STEPS):
        said = expit(features @ weights)
        gradient = features.T @ (liked - said) - PENALTY * (weights - usual)
        bend = (features.T * (said * (1 - said))) @ features + PENALTY * np.eye(2 * f)
        step = np.linalg.solve(bend, gradient)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < TOLERANCE:
            break
    return weights[:f].copy(), weights[f:].copy()


def _group(foreseen: Foreseen) -> Ints:
    return np.searchsorted(KNOWN_FROM, foreseen.known, side="right") - 1


def _edges(foreseen: Foreseen) -> Floats:
    group = _group(foreseen)
    edges = np.zeros((len(KNOWN_FROM), SD_BUCKETS - 1))
    cuts = np.arange(1, SD_BUCKETS) / SD_BUCKETS
    for which in range(len(KNOWN_FROM)):
        sd = foreseen.sd[(group == which) & (foreseen.counts >= FEW_RATINGS)]
        if sd.size:
            edges[which] = np.quantile(sd, cuts)
    return edges


def _bucket(foreseen: Foreseen, edges: Floats) -> tuple[Ints, Ints, Ints]:
    """(few ratings of the film, ratings known, sd): int64[m] each."""
    group = _group(foreseen)
    width = (foreseen.sd[:, None] > edges[group]).sum(axis=1)
    return (foreseen.counts < FEW_RATINGS).astype(np.int64), group, width


def _ranges(foreseen: Foreseen, errors: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Quantiles by bucket; one with too few cases takes those of a wider one."""
    few, group, width = _bucket(foreseen, edges)
    found = np.empty((2, 2, len(KNOWN_FROM), SD_BUCKETS))
    for at in np.ndindex(found.shape[1:]):
        same_few, same_group = few == at[0], group == at[1]
        wider = (
            same_few & same_group & (width == at[2]),
            same_few & same_group,
            same_few,
            np.ones_like(same_few),
        )
        found[(slice(None), *at)] = _quantiles(errors, wider)
    return found[0], found[1]


def _quantiles(errors: Floats, wider: tuple[Bools, ...]) -> tuple[float, float]:
    for chosen in wider:
        n = int(np.count_nonzero(chosen))
        if n >= LEAST_CASES:
            # One more error is beyond the k-th from either end in k / (n + 1) of cases.
            k, found = int(TAIL * (n + 1)), np.sort(errors[chosen])
            return float(found[k - 1]), float(found[n - k])
    return -USUAL_TAIL, USUAL_TAIL
