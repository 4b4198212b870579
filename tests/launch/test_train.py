"""`python -m nexus train`, killed, interrupted and taken up again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db.models import Model
from django.test import override_settings
from django.utils import timezone

from nexus.engine import learned
from nexus.env import PROJECT_DIR
from nexus.recommendations.models import OutsideFilm, OutsideRating, TrainedModel
from nexus.recommendations.training import train
from tests.launch.program import (
    LIMIT_S,
    call,
    environment,
    running,
    wait_until,
    wait_until_gone,
)
from tests.recommendations.crowd import crowd, store_crowd, write_folder
from tests.servers import database_url
from tests.tables import ask

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = pytest.mark.installation
MANY = (500, 100)  # people and films: what takes long enough to be interrupted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def variables(models: Path) -> dict[str, str]:
    """What leads the program to the database of this test."""
    return {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "MODELS_DIR": str(models),
    }


def summary(home: Path, variables: dict[str, str]) -> dict[str, Any]:
    done = call(home, "train", "--json", **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def train_first(models: Path) -> str:
    """Train and activate a model of a few; return its version."""
    store_crowd()
    with override_settings(MODELS_DIR=models):
        train(seed=0, now=timezone.now(), told=lambda *_: None)
    return TrainedModel.objects.get(is_active=True).version


def store_more() -> None:
    OutsideRating.objects.all().delete()
    OutsideFilm.objects.all().delete()
    store_crowd(*MANY)


def test_it_works(home: Path, models: Path, variables: dict[str, str]) -> None:
    store_crowd()

    done = call(home, "train", **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert "It is active now." in done.stdout
    assert names_in(models) == [TrainedModel.objects.get().version]


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(".unfinished", marks=SLOW),
        ".unfinished/*/fitted",
        pytest.param(".unfinished/*/figures.json", marks=SLOW),
        pytest.param("2*-*", marks=SLOW),
    ],
)
def test_it_may_be_killed_at_any_moment(
    home: Path, models: Path, variables: dict[str, str], stage: str
) -> None:
    first = train_first(models)
    store_more()
    with running(home, "train", **variables):
        wait_until(lambda: any(set(models.glob(stage)) - {models / first}))
    wait_until_gone(home)
    for model in TrainedModel.objects.all():  # if it was that fast, it is complete
        learned.load(models / model.version)
    was_noted = TrainedModel.objects.count() == 2
    assert was_noted or TrainedModel.objects.get(is_active=True).version == first

    found = summary(home, variables)

    assert was_noted or found["active"] == first
    held = set(TrainedModel.objects.values_list("version", flat=True))
    assert held == {first, found["version"]} == set(names_in(models))
    if stage != ".unfinished":
        assert "taste" not in found["seconds"]
    if stage in (".unfinished/*/figures.json", "2*-*"):
        assert "measure" not in found["seconds"]


def test_killed_while_it_reads_it_leaves_nothing(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    first = train_first(models)
    store_more()
    with (
        psycopg.connect(database_url()) as other,
        running(home, "train", **variables) as process,
    ):
        other.execute("LOCK TABLE recommendations_outsiderating")
        wait_until(lambda: bool(ask("SELECT FROM pg_locks WHERE NOT granted")))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)
    wait_until_gone(home)

    assert names_in(models) == [first]
    assert summary(home, variables)["active"] == first


def test_ctrl_c_ends_it_in_order(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    store_crowd(*MANY)
    with running(home, "train", **variables) as process:
        wait_until(lambda: any(models.glob(".unfinished")))
        os.killpg(process.pid, signal.SIGINT)
        complained = process.communicate(timeout=LIMIT_S)[1]

    assert process.returncode == 130
    assert complained == (
        "Interrupted. Start the same command again: it goes on with what is finished.\n"
    )
    assert not TrainedModel.objects.exists()


def test_a_second_one_ends_with_1(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    store_crowd(*MANY)
    with running(home, "train", **variables) as process:
        wait_until(lambda: any(models.glob(".unfinished")))
        os.killpg(process.pid, signal.SIGSTOP)
        other = call(home.with_name("other"), "train", **variables)
        os.killpg(process.pid, signal.SIGCONT)

    assert other.returncode == 1
    assert other.stderr == (
        "CommandError: Another training is under way: wait for its end.\n"
    )


# What the machine does to it


@pytest.mark.parametrize("size", [pytest.param(0, marks=SLOW), 5_000])
def test_a_full_disk_changes_nothing(
    home: Path, models: Path, variables: dict[str, str], size: int
) -> None:
    first = train_first(models)
    change_a_rating()

    done = call_limited(home, variables, size=size)

    assert done.returncode == 1
    assert "The models' folder cannot be written: " in done.stderr
    assert "The active model stays." in done.stderr
    assert "Traceback" not in done.stderr
    assert set(names_in(models)) == {first, ".unfinished"}
    assert TrainedModel.objects.get().version == first
    assert summary(home, variables)["active"] == first
    assert ".unfinished" not in names_in(models)


def call_limited(
    home: Path, variables: dict[str, str], *, size: int
) -> subprocess.CompletedProcess[str]:
    """Let no file of the training grow beyond so many bytes."""
    program = [sys.executable, "-m", "nexus", "train"]
    return subprocess.run(
        [str(shutil.which("prlimit")), f"--fsize={size}", *program],
        cwd=PROJECT_DIR,
        # What it compiles would be cut off, too.
        env=environment(home, PYTHONDONTWRITEBYTECODE="1", **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


def test_a_folder_that_cannot_be_written_is_named_at_once(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    store_crowd()
    models.write_text("a file", encoding="utf-8")

    done = call(home, "train", **variables)

    assert done.returncode == 1
    assert str(models) in done.stderr
    assert "Traceback" not in done.stderr
    assert not TrainedModel.objects.exists()


def test_a_folder_removed_by_hand_is_made_again(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    first = train_first(models)
    shutil.rmtree(models)

    found = summary(home, variables)

    assert (found["version"], found["active"]) == (first, first)
    assert names_in(models) == [first]
    assert TrainedModel.objects.get().is_active


def change_a_rating() -> None:
    row = OutsideRating.objects.earliest("id")
    row.half_stars = 11 - row.half_stars
    row.save()


# Equal bits


def store_backwards(table: type[Model]) -> None:
    """Store all rows anew, in another order."""
    rows = [*table._default_manager.order_by("-id").values()]
    table._default_manager.all().delete()
    table._default_manager.bulk_create(table(**row | {"id": None}) for row in rows)


@SLOW
def test_neither_threads_nor_the_order_of_rows_change_a_bit(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    store_crowd(*MANY)
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    first = summary(home, variables | one)
    store_backwards(OutsideRating)
    store_backwards(OutsideFilm)
    TrainedModel.objects.all().delete()
    shutil.rmtree(models)

    again = summary(home, variables | dict.fromkeys(one, "2"))

    assert again["version"] == first["version"]
    assert again["figures"] == first["figures"]


def test_with_nothing_to_train_it_ends_with_0(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    done = call(home, "train", **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Nothing to train: ")
    assert not models.exists()


def test_a_program_accepts_the_licence_by_a_word(
    home: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    links = {film: 1000 + film for film in range(1, 101)}
    folder = write_folder(tmp_path / "ml", crowd(*MANY), links=links)
    words = ("ratings", "import-movielens", str(folder))

    refused = call(home, *words, **variables)
    accepted = call(home, *words, "--accept-licence", **variables)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--accept-licence" in refused.stderr
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert OutsideRating.objects.count() > 10_000
