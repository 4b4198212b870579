"""Every migration from here on leaves the version before it serving."""

import re
from typing import Final

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from nexus.env import PROJECT_DIR
from tests.upgrades.next_version.settings import MIGRATION_MODULES
from tests.upgrades.rules import faults_in

Key = tuple[str, str]
# Of the time before the first release; whoever comes from there stops it first. Nothing
# is ever added to it.
BASELINE: Final[list[Key]] = [
    ("accounts", "0003_append_only_audit"),
    ("catalog", "0007_changes"),
    ("playlists", "0002_access"),
    ("ratings", "0003_skipped_movies"),
    ("recommendations", "0001_initial"),
]


def released() -> set[str]:
    text = (PROJECT_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    return set(re.findall(r"^## \[?(\d+\.\d+\.\d+)", text, flags=re.MULTILINE))


def ours(loader: MigrationLoader) -> set[Key]:
    return {
        key
        for key in loader.disk_migrations or {}
        if apps.get_app_config(key[0]).name.startswith("nexus.")
    }


def faults(loader: MigrationLoader, key: Key) -> list[str]:
    state = loader.project_state(key, at_end=False)
    return faults_in(loader.graph.nodes[key], state, released=released())


def test_each_migration_leaves_the_version_before_serving(
    loader: MigrationLoader,
) -> None:
    before = {key for last in BASELINE for key in loader.graph.forwards_plan(last)}

    found = {key: faults(loader, key) for key in sorted(ours(loader) - before)}

    assert {key: told for key, told in found.items() if told} == {}


def test_it_sees_what_was_wrong_before(loader: MigrationLoader) -> None:
    told = "\n".join(faults(loader, ("accounts", "0002_access")))

    assert 'RENAME TO "accounts_auditentry"' in told
    assert 'CREATE INDEX "user_closed"' in told
    assert any(
        "UPDATE" in one
        for one in faults(loader, ("accounts", "0003_append_only_audit"))
    )


@pytest.mark.parametrize(
    "name", ["0004_upkeep_indexes", "0005_title_words", "0006_list_indexes"]
)
def test_it_lets_through_what_was_right(loader: MigrationLoader, name: str) -> None:
    assert faults(loader, ("catalog", name)) == []


def test_the_example_keeps_the_rule(
    loader: MigrationLoader, settings: Settings
) -> None:
    settings.MIGRATION_MODULES = MIGRATION_MODULES
    example = MigrationLoader(connection)

    new = ours(example) - ours(loader)

    assert len(new) == 5
    assert {key: faults(example, key) for key in new} == {key: [] for key in new}
