"""The file of figures keeps one run of each size; the page tells them side by side."""

from pathlib import Path
from typing import Any

from bench.load.goals import GOALS
from bench.load.report import ASKED, is_row, report
from bench.load.store import add_run, read_runs

ROW = {
    "share": 0.5,
    "limit_us": 30.0,
    "per_second": 1_000.0,
    "p50_ms": 1.0,
    "p95_ms": 2.0,
    "p99_ms": 3.0,
    "cpu": {"web": 1.0, "database": 2.0, "cache": 3.0},
    "goal": "some",
    "is_met": True,
}


def run_of(films: int, **changed: Any) -> dict[str, Any]:
    rows = [ROW | {"name": goal.name} for goal in GOALS]
    rows[0] |= changed
    return {
        "sizes": {"films made up": films, "ratings": 5},
        "options": {"rounds": 3, "seconds": 1.0, "connections": 16},
        "about": {"python": "3.11"},
        "goals": rows,
        "memory": [{"rss": 100.0, "pss": 80.0}],
        "start": {"s": 2.0, "all_s": [2.0], "is_met": True},
    }


def test_it_keeps_the_last_run_of_each_size(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    for run in (run_of(1_000_000), run_of(10_000), run_of(10_000, share=0.1)):
        add_run(path, run)

    small, large = read_runs(path)

    assert small["goals"][0]["share"] == 0.1
    assert large["sizes"]["films made up"] == 1_000_000


def test_it_tells_the_worst_of_each_goal_for_each_size() -> None:
    small, large = run_of(10_000), run_of(1_000_000, share=0.1, is_met=False)

    page = report([small, large])

    assert "| goal | 10,000 films | 1,000,000 films |" in page
    assert ">= .80 of the limit | 0.500 met | 0.100 MISSED |" in page
    assert "start on an existing folder: <= 5 s | 2.0 s met | 2.0 s met |" in page
    assert "## 1,000,000 films" in page


def test_every_goal_of_the_design_has_rows() -> None:
    found = {
        asked.words: [goal.name for goal in GOALS if is_row(asked, goal.name)]
        for asked in ASKED
    }

    assert [words for words, names in found.items() if not names] == []
