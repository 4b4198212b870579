"""Figures with no more digits than their intervals support."""

import math

from nexus.engine.evaluation.bootstrap import Interval
from nexus.engine.evaluation.ledger import Cell

UNKNOWN = "-"


def decimals(half_width: float) -> int:
    """Digits after the point that an uncertainty of this size leaves meaningful.

    The Particle Data Group's rule: two digits of the uncertainty if its first three
    are up to 354, else one. At most 6, for an uncertainty of 0.
    """
    if not half_width > 0:
        return 6
    exponent = math.floor(math.log10(half_width))
    leading = round(half_width / 10.0 ** (exponent - 2))
    digits = 2 if leading <= 354 else 1
    return min(max(digits - 1 - exponent, 0), 6)


def show(cell: Cell) -> str:
    """A value with its interval, or three digits of one that has none."""
    if cell is None:
        return UNKNOWN
    if isinstance(cell, float):
        return UNKNOWN if math.isnan(cell) else f"{cell:.3g}"
    return _show_interval(cell)


def _show_interval(found: Interval) -> str:
    if math.isnan(found.value):
        return UNKNOWN
    if math.isnan(found.low):
        return f"{found.value:.2g}"
    if found.low == found.high == found.value:
        return f"{found.value:g}"
    places = decimals((found.high - found.low) / 2)
    value, low, high = (
        f"{edge + 0.0:.{places}f}" for edge in (found.value, found.low, found.high)
    )
    return f"{value} ({low} to {high})"
