"""How good a list or a prediction is, one number per person or per table.

Rankings are over the whole catalogue, never over sampled negatives (Krichene and
Rendle 2020). A film of unknown score (NaN) is never listed; ties go to the lower id.
"""

from dataclasses import dataclass

import numpy as np

from nexus.engine.arrays import Bools, Floats, Ints

N_BINS = 15
LEAST_BIN_SHARE = 0.01


def best_columns(scores: Floats, k: int) -> Ints:
    """The columns of the k highest scores, best first, ties by column, NaN left out.

    Columns stand for ids in ascending order, so ties by column are ties by id.
    """
    columns = np.flatnonzero(~np.isnan(scores))
    if 0 < k < columns.size:
        values = scores[columns]
        nth = np.partition(values, values.size - k)[values.size - k]
        columns = columns[values >= nth]
    return columns[np.argsort(-scores[columns], kind="stable")][:k].astype(np.int64)


def ndcg(hits: Bools, n_relevant: int, k: int) -> float:
    """Normalised discounted cumulative gain of the first k places, 0..1.

    sum over places p = 1..k of hit_p / log2(p + 1), divided by the same sum for
    min(k, n_relevant) hits in front. Source: Järvelin and Kekäläinen 2002, gain 0 or 1.
    hits: bool[>= min(k, listed)] by place; NaN if nothing is relevant.
    """
    if n_relevant == 0:
        return float("nan")
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gained = discounts[: hits[:k].size] @ hits[:k]
    return float(gained / discounts[: min(k, n_relevant)].sum())


def recall(hits: Bools, n_relevant: int, k: int) -> float:
    """Hits among the first k / min(k, n_relevant), 0..1 (Liang et al. 2018)."""
    if n_relevant == 0:
        return float("nan")
    return float(hits[:k].sum() / min(k, n_relevant))


def rmse(stars: Floats, expected: Floats) -> float:
    """sqrt(mean((stars - expected)^2)), stars."""
    return float(np.sqrt(np.mean((stars - expected) ** 2)))


def mae(stars: Floats, expected: Floats) -> float:
    """mean(|stars - expected|), stars."""
    return float(np.mean(np.abs(stars - expected)))


def auc(liked: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Chance that a liked one scores above one not liked, ties count half; 0..1.

    The Mann-Whitney statistic; weights repeat observations. NaN if one kind is missing.
    """
    weights = np.ones(scores.size) if weights is None else weights
    _, group = np.unique(scores, return_inverse=True)
    liking = np.bincount(group, weights * liked)
    other = np.bincount(group, weights * ~liked)
    pairs = liking.sum() * other.sum()
    if pairs == 0:
        return float("nan")
    below = np.cumsum(other) - other
    return float(liking @ (below + other / 2) / pairs)


def log_losses(liked: Bools, like: Floats) -> Floats:
    """-log of the probability given to what happened, nats each; finite: p in 1e-15."""
    chance = np.clip(like, 1e-15, 1 - 1e-15)
    return -np.log(np.where(liked, chance, 1 - chance))


@dataclass(frozen=True, slots=True)
class Bins:
    """Predictions by size, in equally wide bins over 0..1: float64[n_bins] each.

    weights: observations, likes: how many of them were liked, claims: sum of the
    predicted probabilities
    """

    weights: Floats
    likes: Floats
    claims: Floats

    @property
    def gaps(self) -> Floats:
        """|share liked - mean claim| by bin, 0 where the bin is empty."""
        return np.abs(self.likes - self.claims) / np.where(
            self.weights > 0, self.weights, 1.0
        )


def bin_claims(liked: Bools, like: Floats, *, n_bins: int = N_BINS) -> Bins:
    place = np.minimum((like * n_bins).astype(np.int64), n_bins - 1)
    return Bins(
        weights=_sums(place, np.ones(like.size), n_bins),
        likes=_sums(place, liked.astype(np.float64), n_bins),
        claims=_sums(place, like, n_bins),
    )


def _sums(place: Ints, values: Floats, n_bins: int) -> Floats:
    return np.bincount(place, values, minlength=n_bins).astype(np.float64)


def ece(bins: Bins) -> float:
    """Expected calibration error: mean gap weighted by observations (Guo 2017)."""
    return float(bins.gaps @ bins.weights / bins.weights.sum())


def worst_gap(bins: Bins, *, least_share: float = LEAST_BIN_SHARE) -> float:
    """The largest gap among bins that hold at least this share of all observations.

    Thinner bins are left out: their gap is chance.
    """
    return float(bins.gaps[bins.weights >= least_share * bins.weights.sum()].max())


def cover(stars: Floats, low: Floats, high: Floats) -> float:
    """Share of the stars that lie within low..high, both ends included."""
    return float(np.mean((low <= stars) & (stars <= high)))
