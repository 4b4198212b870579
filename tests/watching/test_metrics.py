"""The figures of several processes, some of which have ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexus.env import PROJECT_DIR
from nexus.watching.metrics import FOLDER, figures

COUNTS = """
from prometheus_client import Counter, Gauge
Counter("nexus_seen_total", "Seen.").inc(3)
Gauge("nexus_at_hand", "At hand.", multiprocess_mode="livesum").set(5)
"""
# Not OpenTelemetry itself, which redis imports where it is there.
LOADED = """
import sys
UNASKED = {"nexus.watching.reports", "nexus.watching.tracing", "sentry_sdk"}
import nexus.wsgi
print([name for name in sys.modules if name in UNASKED])
"""


def run(program: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_DIR,
        env=os.environ | variables,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_ended_processes_counted_still_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        run(COUNTS, **{FOLDER: str(tmp_path)})
    monkeypatch.setenv(FOLDER, str(tmp_path))

    told = figures().decode()

    assert "nexus_seen_total 6.0" in told
    assert "nexus_at_hand" not in told  # they have nothing any more


def test_nothing_is_imported_that_is_not_asked_for() -> None:
    assert run(LOADED).strip() == "[]"
