"""`python -m nexus models`, and what may be done with trained models."""

import json
import shutil
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone

from nexus.engine import learned
from nexus.recommendations import artefacts
from nexus.recommendations.artefacts import folder_of
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import activate_model, alone
from tests.launch.program import call
from tests.servers import free_port
from tests.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models_dir"),
]


def run(*words: str) -> str:
    told = StringIO()
    call_command("models", *words, stdout=told)
    return told.getvalue()


def failing(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value


def active() -> str:
    return TrainedModel.objects.get(is_active=True).version


def held() -> set[str]:
    return set(TrainedModel.objects.values_list("version", flat=True))


def test_it_lists_them_the_newest_first(versions: list[str]) -> None:
    lines = run("list").splitlines()

    assert [line[2:].split()[0] for line in lines] == versions[::-1]
    assert [line[0] for line in lines] == ["*", " ", " "]
    assert "ndcg_10 0." in lines[0]


def test_it_lists_them_for_programs(versions: list[str]) -> None:
    found: list[dict[str, Any]] = json.loads(run("list", "--json"))

    assert [one["version"] for one in found] == versions[::-1]
    assert [one["is_active"] for one in found] == [True, False, False]
    assert found[0]["metrics"]["rmse"] > 0


def test_there_may_be_none() -> None:
    assert run("list") == "There is no model yet: `train` makes one.\n"
    assert run("list", "--json") == "[]\n"


# Activate


def test_it_activates_any(versions: list[str]) -> None:
    assert run("activate", versions[0]) == f"Model {versions[0]} is active.\n"

    assert active() == versions[0]


def test_activating_the_active_one_changes_nothing(versions: list[str]) -> None:
    before = list(TrainedModel.objects.order_by("pk").values())

    run("activate", versions[2])

    assert list(TrainedModel.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("version", ["", "x", "../../etc", "20010909-0123456789abcdef"])
def test_it_knows_no_other(versions: list[str], version: str) -> None:
    error = failing("activate", version)

    assert (error.returncode, "There is no model" in str(error)) == (2, True)
    assert active() == versions[2]


def largest(folder: Path) -> Path:
    """An array that may be written, unlike those of an artefact."""
    file = max(folder.glob("*.npy"), key=lambda one: one.stat().st_size)
    file.chmod(0o644)
    return file


def truncate(folder: Path) -> None:
    file = largest(folder)
    file.write_bytes(file.read_bytes()[:-8])


def change_a_byte(folder: Path) -> None:
    file = largest(folder)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def lose_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def pickle_it(folder: Path) -> None:
    np.save(largest(folder), np.array([print], dtype=object), allow_pickle=True)


def put_another_there(folder: Path) -> None:
    other = next(one for one in folder.parent.iterdir() if one != folder)
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


@pytest.mark.parametrize(
    "harm",
    [
        truncate,
        change_a_byte,
        lose_the_manifest,
        pickle_it,
        put_another_there,
        shutil.rmtree,
    ],
)
def test_it_refuses_what_cannot_be_read(versions: list[str], harm: Any) -> None:
    harm(folder_of(versions[1]))

    for words in (("activate", versions[1]), ("rollback",)):
        error = failing(*words)
        assert error.returncode == 1
        assert "cannot be read" in str(error) or "another model" in str(error)
    assert active() == versions[2]


# Roll back


def test_it_goes_back_to_the_one_before(versions: list[str]) -> None:
    assert run("rollback") == f"Model {versions[1]} is active again.\n"

    assert active() == versions[1]


def test_it_goes_back_further(versions: list[str]) -> None:
    run("rollback")
    run("rollback")

    assert active() == versions[0]
    assert failing("rollback").returncode == 1
    assert active() == versions[0]


def test_it_goes_back_though_the_clock_was_set_back(versions: list[str]) -> None:
    activate_model(version=versions[0], now=timezone.now() - timedelta(days=4000))

    run("rollback")

    assert active() == versions[2]


def test_it_goes_back_to_what_was_active_not_to_what_is_newest(
    versions: list[str],
) -> None:
    run("activate", versions[0])

    run("rollback")

    assert active() == versions[2]


def test_a_model_that_was_never_active_is_no_way_back(versions: list[str]) -> None:
    TrainedModel.objects.filter(is_active=False).update(activated_at=None)

    assert "no model that was active before" in str(failing("rollback"))


def test_it_does_not_go_back_past_who_chose_another_meanwhile(
    versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes long, and nobody has to wait for it."""
    read = artefacts.read_model

    def read_slowly(version: str) -> learned.Model:
        monkeypatch.undo()
        together(partial(activate_model, version=versions[0], now=timezone.now()))
        return read(version)

    monkeypatch.setattr(artefacts, "read_model", read_slowly)

    error = failing("rollback")

    assert (error.returncode, active()) == (1, versions[0])
    assert "Another model was activated meanwhile" in str(error)


def test_of_many_who_go_back_at_once_each_is_told_what_came_of_it(
    versions: list[str],
) -> None:
    def go_back() -> int:
        try:
            run("rollback")
        except CommandError as error:
            return error.returncode
        return 0

    codes = together(go_back, go_back)

    assert active() == versions[2 - codes.count(0)]
    assert set(codes) <= {0, 1}


# Prune


def test_it_forgets_all_but_the_newest(versions: list[str], models_dir: Path) -> None:
    assert run("prune", "--keep", "2") == f"Models that are gone: 1.\n{versions[0]}\n"

    assert held() == set(versions[1:])
    assert {folder.name for folder in models_dir.iterdir()} == held()


def test_the_active_one_and_the_one_before_it_stay(versions: list[str]) -> None:
    run("activate", versions[0])

    run("prune", "--keep", "0")

    assert held() == {versions[0], versions[2]}


def test_it_does_not_get_in_the_way_of_a_training(versions: list[str]) -> None:
    def prune() -> int:
        return failing("prune", "--keep", "0").returncode

    with alone():
        (code,) = together(prune)

    assert (code, held()) == (1, set(versions))


# What must hold


def test_without_a_database_it_says_so_in_a_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    variables = {"DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY}

    done = call(tmp_path, "models", "list", **variables)

    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: ")
    assert (done.stderr.count("\n"), done.stdout) == (1, "")


def test_two_at_once_leave_one_active(versions: list[str]) -> None:
    calls = [
        partial(activate_model, version=version, now=timezone.now())
        for version in versions * 2
    ]

    together(*calls)

    assert active() in versions


def test_only_one_may_be_active(versions: list[str]) -> None:
    with pytest.raises(IntegrityError, match="one_active_model"):
        TrainedModel.objects.update(is_active=True)


@pytest.mark.parametrize(
    "words", [[], ["prune"], ["activate"], ["prune", "--keep", "-1"]]
)
def test_it_refuses_other_words(words: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*words)
