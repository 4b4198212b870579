"""A folder is taken for filled if somebody noted so, and with how many films."""

from pathlib import Path

import pytest

from bench.homes import mark, marked, require_filled


def test_it_is_noted_with_how_many_films_a_folder_was_filled(tmp_path: Path) -> None:
    before = marked(tmp_path)
    mark(tmp_path, 10_000)

    assert (before, marked(tmp_path)) == (None, 10_000)


@pytest.mark.parametrize("films", [None, 10_000, 10_050])
def test_it_takes_a_folder_of_the_right_size(tmp_path: Path, films: int | None) -> None:
    mark(tmp_path, 10_000)

    require_filled(tmp_path, films)

    assert marked(tmp_path) == 10_000


def test_it_refuses_another_size(tmp_path: Path) -> None:
    mark(tmp_path, 10_000)

    with pytest.raises(SystemExit, match="has 10,000 made-up films, not 1,000,000"):
        require_filled(tmp_path, 1_000_000)


@pytest.mark.parametrize("films", [None, 1_000_000])
def test_a_folder_without_a_note_is_counted(tmp_path: Path, films: int | None) -> None:
    require_filled(tmp_path, films, counting=lambda: 1_000_000)

    assert marked(tmp_path) == 1_000_000


@pytest.mark.parametrize("films", [None, 10_000])
def test_it_refuses_one_that_was_not_filled(tmp_path: Path, films: int | None) -> None:
    with pytest.raises(SystemExit, match="has 0 made-up films, not 10,000"):
        require_filled(tmp_path, films, counting=lambda: 0)

    assert marked(tmp_path) is None
