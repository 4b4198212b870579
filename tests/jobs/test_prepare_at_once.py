"""Web servers that start together, each of which prepares the one database."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.backup.installation import Installation, empty_database

pytestmark = [pytest.mark.installation, pytest.mark.django_db(transaction=True)]

PROCESSES = 3
OLDER = {"catalog": "0003", "ratings": "0002", "playlists": "0001"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with empty_database("nexus_at_once") as url:
        yield Installation(tmp_path / "home", url=url, models=tmp_path / "models")


def prepare_at_once(installation: Installation) -> list[dict[str, Any]]:
    """Prepare in several processes at once; return what each says it has done."""
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(installation.call, "prepare", "--json")
            for _ in range(PROCESSES)
        ]
        ended = [one.result() for one in running]
    assert [one.returncode for one in ended] == [0] * PROCESSES, ended
    return [json.loads(one.stdout) for one in ended]


def worked(summaries: list[dict[str, Any]]) -> list[int]:
    return sorted(len(one["migrated"]) for one in summaries)


def test_an_empty_database_is_filled_once(installation: Installation) -> None:
    summaries = prepare_at_once(installation)

    *none, one = worked(summaries)
    assert (set(none), one > 50) == ({0}, True)
    assert sum(one["films_added"] > 0 for one in summaries) == 1
    assert installation.call("migrate", "--check").returncode == 0


def test_an_older_database_is_migrated_once(installation: Installation) -> None:
    assert installation.call("prepare").returncode == 0
    before = installation.contents()
    for app, name in OLDER.items():
        ended = installation.call("migrate", app, name)
        assert ended.returncode == 0, ended.stderr

    summaries = prepare_at_once(installation)

    assert worked(summaries) == [0, 0, 6]
    assert installation.call("migrate", "--check").returncode == 0
    after = installation.contents()
    assert after.keys() == before.keys()
    for table in ("catalog_movie", "catalog_credit", "catalog_titleword"):
        assert after[table] == before[table], table
