"""What the rule lets through, and what it holds up."""

from typing import Any, Final

import pytest
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q
from django.db.models.functions import Now, Random

from tests.upgrades.rules import faults_in

LIKED: Final = models.CheckConstraint(
    condition=Q(half_stars__gt=0), name="rating_liked"
)
BY_DAY: Final = models.Index(fields=["created_at"], name="rating_by_day")
AWAY: Final = "DROP INDEX CONCURRENTLY IF EXISTS rating_by_day"
NOTE: Final = (
    "Note",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("rating", models.ForeignKey("ratings.Rating", models.CASCADE)),
        ("place", models.PositiveSmallIntegerField(unique=True)),
    ],
)


def add(field: "models.Field[Any, Any]") -> migrations.AddField:
    return migrations.AddField("rating", "mood", field)


def python(**options: Any) -> migrations.RunPython:
    return migrations.RunPython(migrations.RunPython.noop, **options)


SQL: Final = migrations.RunSQL
HARMLESS: Final[dict[str, list[Any]]] = {
    "a column that may be null": [add(models.TextField(null=True))],
    "a column the database fills": [add(models.TextField(db_default=""))],
    "a moment": [add(models.DateTimeField(db_default=Now()))],
    "a reference": [
        add(
            models.ForeignKey(
                "catalog.Movie", models.CASCADE, null=True, db_index=False
            )
        )
    ],
    "a new table": [migrations.CreateModel(*NOTE)],
    "a rule for new rows": [AddConstraintNotValid("rating", LIKED)],
    "a look at the old rows": [ValidateConstraint("rating", "rating_once_per_movie")],
    "a rule less": [migrations.RemoveConstraint("rating", "rating_half_stars_range")],
    "a function": [SQL("CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ a; b; $$")],
    "what only Python sees": [
        migrations.AlterModelOptions("rating", {"ordering": ["id"]})
    ],
}
HARMLESS_OUTSIDE: Final[dict[str, list[Any]]] = {
    "an index": [SQL(AWAY), AddIndexConcurrently("rating", BY_DAY)],
    "how an index is written": [
        SQL("ALTER INDEX a SET (fastupdate = off)"),
        SQL("SELECT gin_clean_pending_list('a')"),
    ],
    "an index less": [RemoveIndexConcurrently("rating", "rating_of_user_newest")],
    "batches": [python()],
}
HARMFUL: Final[dict[str, list[Any]]] = {
    "RENAME": [migrations.RenameField("rating", "half_stars", "halves")],
    'RENAME TO "ratings_opinion"': [migrations.RenameModel("Rating", "Opinion")],
    "DROP COLUMN": [migrations.RemoveField("rating", "review")],
    "DROP TABLE": [migrations.DeleteModel("SkippedMovie")],
    "SET NOT NULL": [
        migrations.AlterField("rating", "hidden_at", models.DateTimeField())
    ],
    "TYPE": [migrations.AlterField("rating", "review", models.CharField(max_length=9))],
    "DROP DEFAULT": [add(models.TextField(default=""))],
    "does not fill": [SQL("ALTER TABLE ratings_rating ADD COLUMN a text NOT NULL")],
    "goes through the table": [add(models.PositiveIntegerField(null=True))],
    "UNIQUE": [add(models.TextField(null=True, unique=True))],
    "RANDOM()": [add(models.FloatField(db_default=Random()))],
    "REFERENCES": [SQL("ALTER TABLE a ADD COLUMN b int DEFAULT 1 REFERENCES c (id)")],
    "CREATE INDEX": [migrations.AddIndex("rating", BY_DAY)],
    "DROP INDEX": [migrations.RemoveIndex("rating", "rating_of_user_newest")],
    'CHECK ("half_stars" > 0)': [migrations.AddConstraint("rating", LIKED)],
    "VALIDATE": [
        AddConstraintNotValid("rating", LIKED),
        ValidateConstraint("rating", "rating_liked"),
    ],
    "Python in one transaction": [python()],
    "UPDATE": [SQL("UPDATE ratings_rating SET review = ''")],
    "several statements": [SQL("SET DEFAULT x; DROP TABLE ratings_rating")],
    ", ALTER": [SQL("ALTER TABLE a ALTER b SET DEFAULT 0, ALTER b SET NOT NULL")],
    "LOCK": [SQL("-- why\nLOCK TABLE ratings_rating")],
}
HARMFUL_OUTSIDE: Final[dict[str, list[Any]]] = {
    "in the way": [AddIndexConcurrently("rating", BY_DAY)],
    "cannot be repeated": [add(models.TextField(null=True))],
    "NOT VALID": [AddConstraintNotValid("rating", LIKED)],
    "CREATE TABLE": [migrations.CreateModel(*NOTE)],
    "Python in one transaction": [python(atomic=True)],
    "data and schema apart": [python(), SQL(AWAY)],
    "CREATE INDEX": [
        migrations.SeparateDatabaseAndState([migrations.AddIndex("rating", BY_DAY)])
    ],
}


def faults(
    loader: MigrationLoader, operations: list[Any], *, atomic: bool, **others: Any
) -> list[str]:
    own = {"operations": operations, "atomic": atomic} | others
    migration = type("Next", (migrations.Migration,), own)("next", "ratings")
    return faults_in(migration, loader.project_state(), released={"1.2.0"})


@pytest.mark.parametrize("what", HARMLESS)
def test_it_lets_through(loader: MigrationLoader, what: str) -> None:
    assert faults(loader, HARMLESS[what], atomic=True) == []


@pytest.mark.parametrize("what", HARMLESS_OUTSIDE)
def test_it_lets_through_outside_of_a_transaction(
    loader: MigrationLoader, what: str
) -> None:
    assert faults(loader, HARMLESS_OUTSIDE[what], atomic=False) == []


@pytest.mark.parametrize("word", HARMFUL)
def test_it_holds_up(loader: MigrationLoader, word: str) -> None:
    assert word in "\n".join(faults(loader, HARMFUL[word], atomic=True))


@pytest.mark.parametrize("word", HARMFUL_OUTSIDE)
def test_it_holds_up_outside_of_a_transaction(
    loader: MigrationLoader, word: str
) -> None:
    assert word in "\n".join(faults(loader, HARMFUL_OUTSIDE[word], atomic=False))


@pytest.mark.parametrize("word", ["DROP COLUMN", "DROP TABLE"])
@pytest.mark.parametrize(("release", "is_out"), [("1.2.0", True), ("1.3.0", False)])
def test_what_no_release_uses_any_more_may_go(
    loader: MigrationLoader, word: str, release: str, is_out: bool
) -> None:
    found = faults(loader, HARMFUL[word], atomic=True, unused_since=release)

    assert (found == []) is is_out
