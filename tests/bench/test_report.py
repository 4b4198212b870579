"""The file of figures keeps one run of each size; the page tells them side by side."""

from pathlib import Path
from typing import Any

from bench.load.goals import GOALS
from bench.load.report import (
    ASKED,
    hanging,
    hanging_lines,
    is_row,
    memory_told,
    mix_table,
    mixed,
    report,
)
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


MIX = {
    "connections": 64,
    "members": 256,
    "seconds": 300.0,
    "per_second": 500.0,
    "done": {"list": {"count": 5_000, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0}},
    "failed": 2,
    "never_done": ["import"],
    "gone": ["web 2"],
    "writes": 1_000,
    "lost": 0,
    "training": {"outcome": "activated"},
    "memory": {
        "web 1 own": {
            "first": 100.0,
            "half": 110.0,
            "last": 200.0,
            "peak": 200.0,
            "is_flat": False,
        }
    },
    "is_met": False,
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


def test_runs_by_rules_are_kept_beside_those_by_a_model(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    by_rules = run_of(10_000)
    by_rules["options"]["untrained"] = True
    for run in (by_rules, run_of(10_000), by_rules):
        add_run(path, run)

    page = report(read_runs(path))

    assert "| goal | 10,000 films | 10,000 films, rules |" in page
    assert "## 10,000 films, rules" in page


def test_it_tells_what_was_measured_before_a_failure() -> None:
    run = run_of(10_000) | {"ended_by": "OSError: no more"}
    del run["memory"]

    assert "It ended early; what is missing was not measured. OSError" in report([run])


def test_it_tells_of_a_tmdb_that_hangs() -> None:
    found = {
        "undisturbed": {"p99_ms": 4.0},
        "while it hangs": {"p99_ms": 6.0},
        "callers got": {503: 16},
        "times": 1.5,
        "is_met": True,
    }

    assert hanging({"hanging": found}) == "1.50 x met"
    assert hanging({}) == ""
    assert "4.0 ms undisturbed, 6.0 ms while" in next(hanging_lines(found))
    assert "callers got 503 16 times" in next(hanging_lines(found))


def test_it_tells_the_memory_of_each_web_process() -> None:
    found = [{"rss": 151.4, "pss": 120.6, "own": 99.9}, {"rss": 9.0, "pss": 8.0}]

    assert memory_told({"memory": found}) == "151 (PSS 121); 9 (PSS 8)"


def test_it_tells_of_the_mix() -> None:
    run = run_of(10_000) | {"mix": MIX}

    page = "\n".join(mix_table(MIX))

    assert mixed(run) == "2 failed, 0 lost MISSED"
    assert mixed({}) == ""
    assert "2 answers that were wrong or missing; of 1,000 acknowledged writes" in page
    assert "Never done: import." in page
    assert "Ended meanwhile: web 2." in page
    assert "| list | 5,000 | 1.0 | 2.0 | 3.0 |" in page
    assert "| web 1 own | 100 | 110 | 200 | 200 | GROWS |" in page
    assert "### The mix" in report([run])


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
