"""What is wrong is told before minutes are spent; a wanted end is quiet."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.load.__main__ import main
from nexus.env import PROJECT_DIR


def test_a_wrong_goal_is_told_before_a_folder_is_filled(tmp_path: Path) -> None:
    home = tmp_path / "home"

    with pytest.raises(SystemExit, match="No goal has 'nothing' in its name"):
        main(["--home", str(home), "--only", "nothing"])

    assert not home.exists()


@pytest.mark.parametrize("held", ["{", "[]", '{"other": 1}'])
def test_a_file_of_something_else_is_refused_before(tmp_path: Path, held: str) -> None:
    home, out = tmp_path / "home", tmp_path / "bench.json"
    out.write_text(held)

    with pytest.raises(SystemExit, match="holds no figures"):
        main(["--home", str(home), "--out", str(out)])

    assert not home.exists()
    assert out.read_text() == held


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_who_ends_it_gets_no_trace_and_leaves_nothing_behind(number: str) -> None:
    script = f"""
import os, signal, threading
from bench.homes import interruptible

def main(words):
    try:
        os.kill(os.getpid(), signal.{number})
        threading.Event().wait(30)
    finally:
        print("Put away.")

raise SystemExit(interruptible(main, []))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (130, "")
    assert done.stdout == "Put away.\nInterrupted.\n"
