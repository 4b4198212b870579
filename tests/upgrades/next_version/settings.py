"""The settings as they are, with the migrations of the made-up version."""

from nexus.settings import *  # noqa: F403

MIGRATION_MODULES = {"ratings": "tests.upgrades.next_version.migrations"}
