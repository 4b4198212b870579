import re
import sys
from io import StringIO

import pytest

from nexus.launch import progress
from nexus.launch.progress import step
from tests.launch.program import wait_until


def test_a_quick_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Thinking"):
        assert capsys.readouterr().out == ""

    assert re.fullmatch(r"Thinking \.\.\. done \(\d\.\d s\)\n", capsys.readouterr().out)


def test_a_failure_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), step("Thinking"):
        raise ValueError("no")

    assert re.fullmatch(r"Thinking ... failed \(\d\.\d s\)\n", capsys.readouterr().out)


def test_a_slow_step_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 0.01)
    monkeypatch.setattr(sys, "stdout", told := StringIO())

    with step("Thinking"):
        wait_until(lambda: len(re.findall(r" \d+s", told.getvalue())) >= 3)

    line = r"Thinking \.\.\.( \d+s){3,} done \(\d+\.\d s\)\n"
    assert re.fullmatch(line, told.getvalue())
