"""What is wrong is told before minutes are spent; a wanted end is quiet."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.homes import interruptible
from bench.load.__main__ import main


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


def test_who_interrupts_it_gets_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    def main(words: Sequence[str]) -> int:
        raise KeyboardInterrupt

    assert interruptible(main, []) == 130
    assert capsys.readouterr().out == "Interrupted.\n"
