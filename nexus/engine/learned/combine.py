"""One ranking score of two factors: would they pick it, and would they like it.

score = a(n) * log softplus(150 * S) + log P(like)

Both parts add, and each is a sum over a person's own ratings underneath; softplus
(x -> log(1 + e^x), Dugas et al. 2001) makes of any S, negative ones too, something
positive that a logarithm can take.
"""

import numpy as np

from nexus.engine.arrays import Floats

SHARPNESS = 150.0
PICK_WEIGHT = 2.0
FEWEST, USUAL = 20, 90
FADING = 0.3
LEAST_LIKE = 1e-12
LEAST = -700.0  # e^x is hardly more than 0 there


def pick_weight(n_rated: int) -> float:
    """a(n) = 2 * (max(n, 20) / 90)^-.3: the more is known, the more taste counts."""
    return float(PICK_WEIGHT * (max(n_rated, FEWEST) / USUAL) ** -FADING)


def log_softplus(values: Floats) -> Floats:
    """log(log(1 + e^x)), exact to rounding; x below -700 counts as -700."""
    x = np.maximum(values, LEAST)
    # The same as np.logaddexp(0, x), five times as fast.
    softplus = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return np.asarray(np.log(softplus), dtype=np.float64)


def combine(pick: Floats, like: Floats, weight: float) -> Floats:
    """float64[n]: the ranking score; higher is better, NaN where either part is NaN.

    pick float64[n] is S, any sign; like float64[n] is P(like), 0..1 (0 counts as
    1e-12); weight is a, see `pick_weight`.
    """
    if pick.shape != like.shape:
        raise ValueError(f"{pick.size} pick scores but {like.size} chances")
    if ((like < 0) | (like > 1)).any():
        raise ValueError("the chance of a like must be 0..1")
    log_like = np.log(np.maximum(like, LEAST_LIKE))
    return weight * log_softplus(SHARPNESS * pick) + log_like
