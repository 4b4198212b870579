"""`python -m nexus train`, killed, interrupted and taken up again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.conf import settings

from nexus.env import PROJECT_DIR
from nexus.recommendations.models import OutsideRating, TrainedModel
from tests.launch.program import LIMIT_S, call, environment, wait_until_gone
from tests.recommendations.crowd import crowd, store_crowd, write_folder
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

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


@contextmanager
def training(home: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run the program until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nexus", "train"],
        cwd=PROJECT_DIR,
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    while not is_so():
        assert monotonic() < give_up_at
        pause.wait(0.002)


def summary(home: Path, variables: dict[str, str]) -> dict[str, Any]:
    done = call(home, "train", "--json", **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def test_it_works(home: Path, models: Path, variables: dict[str, str]) -> None:
    store_crowd()

    done = call(home, "train", **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert "It is active now." in done.stdout
    assert names_in(models) == [TrainedModel.objects.get().version]


@pytest.mark.parametrize("stage", [".unfinished", ".unfinished/*/fitted", "2*-*"])
def test_it_may_be_killed_at_any_moment(
    home: Path, models: Path, variables: dict[str, str], stage: str
) -> None:
    store_crowd(*MANY)
    with training(home, variables):
        wait_until(lambda: any(models.glob(stage)))
    wait_until_gone(home)
    for model in TrainedModel.objects.all():  # if it was that fast, it is complete
        assert (models / model.version / "manifest.json").exists()

    found = summary(home, variables)

    model = TrainedModel.objects.get()
    assert model.is_active
    assert found["version"] == model.version
    assert names_in(models) == [model.version]
    if stage != ".unfinished":
        assert "fit" not in found["seconds"]


def test_ctrl_c_ends_it_in_order(
    home: Path, models: Path, variables: dict[str, str]
) -> None:
    store_crowd(*MANY)
    with training(home, variables) as process:
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
    with training(home, variables) as process:
        wait_until(lambda: any(models.glob(".unfinished")))
        os.killpg(process.pid, signal.SIGSTOP)
        other = call(home.with_name("other"), "train", **variables)
        os.killpg(process.pid, signal.SIGCONT)

    assert other.returncode == 1
    assert other.stderr == (
        "CommandError: Another training is under way: wait for its end.\n"
    )


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
