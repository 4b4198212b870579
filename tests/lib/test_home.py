from pathlib import Path

import pytest

from nexus.lib.home import LONGEST_SOCKET_DIR, Home


def test_its_key_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.find_secret_key() is None

    key = home.ensure_secret_key()

    assert len(key) >= 48
    assert home.ensure_secret_key() == key
    assert home.find_secret_key() == key
    assert home.secret_key_file.stat().st_mode & 0o777 == 0o600


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "one"), Home(tmp_path / "two")
    first.path.mkdir()
    second.path.mkdir()

    assert first.ensure_secret_key() != second.ensure_secret_key()


def test_a_key_file_that_a_crash_left_empty_is_filled(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.secret_key_file.touch()

    assert home.find_secret_key() is None
    assert home.ensure_secret_key()


@pytest.mark.parametrize("path", ["missing", "file/below", "x" * 300])
def test_where_no_home_is_there_is_no_key(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    assert Home(tmp_path / path).find_secret_key() is None


def test_the_socket_is_in_the_home() -> None:
    assert Home(Path("/srv/nexus")).socket_dir == Path("/srv/nexus/socket")


@pytest.mark.parametrize("name", ["a" * 200, "é" * 60])
def test_the_socket_of_a_long_path_is_elsewhere(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(Path("/srv") / name)
    found = home.socket_dir
    monkeypatch.setenv("TMPDIR", "/another/place")

    assert len(bytes(found)) <= LONGEST_SOCKET_DIR
    assert home.socket_dir == found
    assert Home(Path("/srv") / name[1:]).socket_dir != found
