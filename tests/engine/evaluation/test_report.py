import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from nexus.engine.evaluation.bootstrap import Interval
from nexus.engine.evaluation.entrants import settings_of
from nexus.engine.evaluation.ledger import Cell, Ledger, Line, Section
from nexus.engine.evaluation.metrics import bin_claims
from nexus.engine.evaluation.peers import ItemNeighbours, Popularity
from nexus.engine.evaluation.plot import plot_calibration
from nexus.engine.evaluation.report import Heading, table, write_report
from nexus.engine.evaluation.rounding import decimals, show

HEADING = Heading({"data": "tiny"}, {"numpy": "2"}, folds=5, seed=7, absent=("iALS",))


@pytest.mark.parametrize(
    ("half_width", "places"),
    [
        (0.0123, 3),
        (0.0354, 3),
        (0.0355, 2),
        (0.08, 2),
        (0.0999, 2),
        (1.2, 1),
        (40, 0),
        (0.0, 6),
        (math.nan, 6),
    ],
)
def test_it_keeps_the_digits_that_mean_something(
    half_width: float, places: int
) -> None:
    assert decimals(half_width) == places


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Interval(0.43137, 0.41902, 0.44311), "0.431 (0.419 to 0.443)"),
        (Interval(0.43137, 0.3, 0.5), "0.43 (0.30 to 0.50)"),
        (Interval(0.00412, 0.0031, 0.0052), "0.0041 (0.0031 to 0.0052)"),
        (Interval(0.0, 0.0, 0.0), "0"),
        (Interval(math.nan, 0.0, 1.0), "-"),
        (Interval(0.4321, math.nan, math.nan), "0.43"),
        (0.012345, "0.0123"),
        (math.nan, "-"),
        (None, "-"),
    ],
)
def test_it_shows_cells(cell: Cell, text: str) -> None:
    assert show(cell) == text


def test_it_draws_a_table() -> None:
    assert table(("", "b"), [("x", "1")]).split("\n") == [
        "|  | b |",
        "| --- | ---: |",
        "| x | 1 |",
    ]


def test_it_writes_a_report() -> None:
    lines = (
        Line("one", "by day", {"NDCG": Interval(0.5, 0.4, 0.6), "ms": 1.5}),
        Line("two", "by day", {"NDCG": Interval(0.25, 0.2, 0.3)}),
        Line("one", "by night", {"NDCG": None}),
    )
    section = Section("match", "Some title", "Some notes.", lines)

    report = write_report(HEADING, [section], plot="p.svg")

    for part in (
        "# Evaluation\n",
        "| splits | 5 folds, seed 7 |",
        "| not installed here | iALS |",
        "## Some title\n\nSome notes.\n\n### By day\n",
        "| one | 0.50 (0.40 to 0.60) | 1.5 |",
        "| two | 0.25 (0.20 to 0.30) | - |",
        "### By night",
        "(p.svg)",
    ):
        assert part in report


def test_it_says_what_was_run() -> None:
    assert settings_of(ItemNeighbours(k=7)) == "k=7, shrink=10.0"
    assert settings_of(Popularity()) == "fixed"

    report = write_report(replace(HEADING, settings={"kNN": "k=7"}), [])

    assert report.endswith("| kNN | `k=7` |\n")


def test_it_compares_with_the_first_of_a_group() -> None:
    ledger = Ledger(0)
    for value in (0.2, 0.4):
        ledger.add("us", "g", {"NDCG": value})
        ledger.add("them", "g", {"NDCG": value - 0.1})

    us, them = ledger.lines(compare="NDCG")

    assert us.cells["NDCG, less us"] is None
    less = them.cells["NDCG, less us"]
    assert isinstance(less, Interval)
    assert (less.value, less.low, less.high) == pytest.approx((-0.1, -0.1, -0.1))


def test_it_plots_each_contestant_once() -> None:
    like = np.linspace(0.01, 0.99, 200)
    bins = bin_claims(like > 0.5, like)

    root = ET.fromstring(plot_calibration({"a & b": bins, "c": bins}))  # noqa: S314

    name = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{name}polyline")) == 2
    assert len(root.findall(f"{name}circle")) == 30
    texts = [text.text for text in root.findall(f"{name}text")]
    assert "a & b" in texts


def test_it_plots_truth_on_the_diagonal() -> None:
    like = np.repeat([0.1, 0.9], 10)
    liked = np.array([True] + [False] * 9 + [True] * 9 + [False])

    plot = plot_calibration({"true": bin_claims(liked, like)})

    assert 'points="76.0,332.0 332.0,76.0"' in plot
