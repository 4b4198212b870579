"""Which migrations the database has, and which this version of the product has."""

from collections.abc import Mapping

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def applied_migrations() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        found.setdefault(app, []).append(name)
    return found


def unknown_migrations(applied: Mapping[str, list[str]]) -> list[str]:
    """Return those that this version of the product does not have."""
    loader = MigrationLoader(None)
    known = {*(loader.disk_migrations or {}), *loader.replacements}
    replaced = {key for each in loader.replacements.values() for key in each.replaces}
    keys = {(app, name) for app, names in applied.items() for name in names}
    return sorted(f"{app}.{name}" for app, name in keys - known - replaced)


def pending_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
