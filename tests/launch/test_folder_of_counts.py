"""Where several web processes count: one folder for each home, while it runs."""

from pathlib import Path

import pytest

from nexus import settings
from nexus.launch.run import folder_of_counts
from nexus.lib.home import Home


def use(monkeypatch: pytest.MonkeyPatch, home: Path, *, processes: int = 2) -> None:
    home.mkdir(exist_ok=True)
    monkeypatch.setattr(settings, "WEB_WORKERS", processes)
    monkeypatch.setattr(settings, "HOME", Home(home))


def folder(variables: dict[str, str]) -> Path:
    return Path(variables["PROMETHEUS_MULTIPROC_DIR"])


def test_it_is_there_for_its_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path / "home")

    with folder_of_counts() as variables:
        assert folder(variables).stat().st_mode & 0o777 == 0o700
    assert not folder(variables).exists()


def test_a_start_removes_what_a_killed_one_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path / "neighbour")
    with folder_of_counts() as neighbours:
        use(monkeypatch, tmp_path / "home")
        killed = folder_of_counts()
        left = folder(killed.__enter__())
        (left / "counter_1.db").touch()

        with folder_of_counts() as variables:
            assert not left.exists()
            assert folder(variables).exists()
            assert folder(neighbours).exists()


def test_a_start_of_one_process_removes_it_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path / "home")
    killed = folder_of_counts()
    left = folder(killed.__enter__())
    use(monkeypatch, tmp_path / "home", processes=1)

    with folder_of_counts() as variables:
        assert not left.exists()
        assert variables == {}
