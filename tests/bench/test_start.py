"""What is wrong is told before minutes are spent; a wanted end is quiet."""

import signal
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


@pytest.mark.parametrize(
    "held", ["{", "[]", '{"other": 1}', '{"runs": 5}', '{"runs": [{}]}']
)
def test_a_file_of_something_else_is_refused_before(tmp_path: Path, held: str) -> None:
    home, out = tmp_path / "home", tmp_path / "bench.json"
    out.write_text(held)

    with pytest.raises(SystemExit, match="holds no figures"):
        main(["--home", str(home), "--out", str(out)])

    assert not home.exists()
    assert out.read_text() == held


SCRIPT = """
import os, signal, sys, threading
from bench.homes import ENDS, interruptible

def main(numbers):
    try:
        for number in numbers:
            os.kill(os.getpid(), int(number))
        threading.Event().wait(30)
    finally:
        for number in ENDS:
            os.kill(os.getpid(), number)
        print("Put away.")

# Whoever started these tests may ignore some.
for one in ENDS:
    signal.signal(one, signal.SIG_DFL)
signal.signal(signal.SIGHUP, {hang_up})
raise SystemExit(interruptible(main, sys.argv[1:]))
"""


def interrupted_by(
    *numbers: int, hang_up: str = "signal.SIG_DFL"
) -> subprocess.CompletedProcess[str]:
    """Send all to what can be interrupted, and again while it puts things away."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(hang_up=hang_up), *map(str, numbers)],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_it_gets_no_trace_and_leaves_nothing_behind(number: int) -> None:
    done = interrupted_by(int(number))

    assert (done.returncode, done.stderr) == (128 + number, "")
    assert done.stdout == "Put away.\nInterrupted.\n"


def test_the_end_of_a_terminal_that_is_ignored_ends_nothing() -> None:
    done = interrupted_by(
        int(signal.SIGHUP), int(signal.SIGTERM), hang_up="signal.SIG_IGN"
    )

    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
