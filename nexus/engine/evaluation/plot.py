"""The calibration plot: a small SVG made by hand, without a plotting library."""

from collections.abc import Mapping

import numpy as np

from nexus.engine.evaluation.metrics import LEAST_BIN_SHARE, Bins

SIDE, MARGIN, LEGEND = 320, 44, 22
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
FONT = 'font-family="sans-serif" font-size="11" fill="#333"'


def plot_calibration(curves: Mapping[str, Bins]) -> str:
    """SVG: claimed chance (across) against share liked (up), a line per contestant.

    The grey diagonal is the truth. Bins with under 1 % of the ratings are left out.
    """
    width, height = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN + LEGEND * len(curves)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>Claimed chance of a like and share liked</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_axes(),
    ]
    for place, (name, bins) in enumerate(curves.items()):
        parts += _curve(name, bins, place)
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> list[str]:
    frame = f'x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}"'
    ends = f'x1="{_across(0)}" y1="{_up(0)}" x2="{_across(1)}" y2="{_up(1)}"'
    parts = [
        f'<rect {frame} fill="none" stroke="#999"/>',
        f'<line {ends} stroke="#999" stroke-dasharray="4 3"/>',
        _text(_across(0.5), _up(0) + 34, "claimed chance of a like", "middle"),
        _text(_across(0), MARGIN - 10, "share liked"),
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_text(_across(tick), _up(0) + 16, f"{tick:g}", "middle"))
        parts.append(_text(_across(0) - 6, _up(tick) + 4, f"{tick:g}", "end"))
    return parts


def _curve(name: str, bins: Bins, place: int) -> list[str]:
    kept = bins.weights >= LEAST_BIN_SHARE * bins.weights.sum()
    claims, shares = bins.claims[kept], bins.likes[kept]
    weights = bins.weights[kept]
    dots = [
        (_across(x), _up(y))
        for x, y in np.column_stack([claims / weights, shares / weights]).tolist()
    ]
    colour = COLOURS[place % len(COLOURS)]
    path = " ".join(f"{x},{y}" for x, y in dots)
    y = SIDE + 2 * MARGIN + LEGEND * place + 6
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        *(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in dots),
        f'<rect x="{MARGIN}" y="{y - 8}" width="14" height="8" fill="{colour}"/>',
        _text(MARGIN + 20, y, name),
    ]


def _across(share: float) -> float:
    return round(MARGIN + SIDE * share, 1)


def _up(share: float) -> float:
    return round(MARGIN + SIDE * (1 - share), 1)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {FONT}>{escaped}</text>'
