from collections.abc import Sequence
from pathlib import Path

import pytest

from nexus.engine.evaluation.__main__ import main
from nexus.engine.evaluation.movielens import read_movielens
from nexus.engine.learned.interactions import Ratings
from tests.engine.evaluation.tables import two_kinds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ml-invented"
    folder.mkdir()
    write_folder(folder, two_kinds(people=20, films=12))
    return folder


def write_folder(folder: Path, ratings: Ratings) -> None:
    assert ratings.order is not None
    columns = (ratings.users, ratings.items, ratings.stars, ratings.order)
    rows = [f"{u},{i},{s},{t:.0f}" for u, i, s, t in zip(*columns, strict=True)]
    write(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *rows])
    films = [
        f'{film},"Film, {film}",{"War" if film % 2 else "Love|Drama"}'
        for film in sorted(set(ratings.items.tolist()))
    ]
    write(
        folder / "movies.csv",
        ["movieId,title,genres", *films, "9999,None,(no genres listed)"],
    )


def write(file: Path, lines: Sequence[str]) -> None:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_it_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "REPORT.md"

    code = main(
        [
            str(folder),
            "--out",
            str(out),
            "--folds",
            "2",
            "--seed",
            "3",
            "--only",
            "strong",
            "--only",
            "match",
        ]
    )

    report = out.read_text(encoding="utf-8")
    assert code == 0
    assert "| splits | 2 folds, seed 3 |" in report
    assert "ml-invented: " in report
    assert "## Match score" in report
    assert "## The first minutes" not in report
    assert "report-calibration.svg" in report
    assert (folder / "report-calibration.svg").read_text(encoding="utf-8")
    assert "fold 2 of 2: EASE ..." in capsys.readouterr().err


def test_it_draws_no_plot_of_nothing(folder: Path) -> None:
    out = folder / "r.md"

    main([str(folder), "--out", str(out), "--folds", "2", "--only", "rating"])

    assert "calibration.svg" not in out.read_text(encoding="utf-8")


def test_it_reads_a_folder(folder: Path) -> None:
    data = read_movielens(folder)

    ratings = two_kinds(people=20, films=12)
    assert data.ratings.users.tolist() == ratings.users.tolist()
    assert data.ratings.stars.tolist() == ratings.stars.tolist()
    assert data.item_groups[1000] == ("Love", "Drama")
    assert data.item_groups[9999] == ()
    assert {len(one) for one in data.fingerprints.values()} == {64}


def test_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "ratings.csv" in capsys.readouterr().err


def test_it_says_which_columns_are_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "ratings.csv", ["user,movieId,rating,timestamp", "1,1,4,1"])

    assert main([str(folder)]) == 2
    assert "ratings.csv lacks the columns userId" in capsys.readouterr().err
