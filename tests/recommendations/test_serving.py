"""The model of a process, while others change which one counts."""

import logging
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from nexus.engine import learned
from nexus.recommendations import serving
from nexus.recommendations.artefacts import folder_of
from nexus.recommendations.models import TrainedModel
from nexus.recommendations.operations import activate_model, prune_models, roll_back
from nexus.recommendations.serving import TRIED_AGAIN_AFTER, ModelStore
from nexus.recommendations.training import train
from tests.query_count import count_queries
from tests.recommendations.crowd import store_crowd
from tests.recommendations.trouble import SlowDisk, no_table_of_models
from tests.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models_dir"),
]

NOW = timezone.now()
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def store() -> ModelStore:
    return ModelStore()


def version_at(store: ModelStore, now: datetime) -> str | None:
    found = store.running(now=now)
    return None if found is None else found.version


def settled_at(store: ModelStore, now: datetime) -> str | None:
    """Look, and let what is found be read to its end."""
    store.running(now=now)
    store.settle()
    return version_at(store, now)


def test_it_works(store: ModelStore, versions: list[str]) -> None:
    model = store.current(now=NOW)

    assert model is not None
    assert version_at(store, NOW) == versions[2]


def test_there_may_be_none(store: ModelStore) -> None:
    assert store.current(now=NOW) is None
    assert store.running(now=NOW) is None


def test_it_sees_the_first_model_come(store: ModelStore) -> None:
    assert store.current(now=NOW) is None
    store_crowd()
    train(seed=0, now=NOW, told=lambda *_: None)

    assert settled_at(store, NOW + SECOND) is not None


def test_it_looks_once_a_second(store: ModelStore, versions: list[str]) -> None:
    first = store.current(now=NOW)
    later = NOW + timedelta(seconds=0.99)

    assert count_queries(lambda: store.current(now=later)) == 0
    assert store.current(now=later) is first
    assert count_queries(lambda: store.current(now=NOW + SECOND)) == 1


def test_it_maps_a_model_once(store: ModelStore, versions: list[str]) -> None:
    first = store.current(now=NOW)

    assert store.current(now=NOW + 5 * SECOND) is first


def test_it_swaps(store: ModelStore, versions: list[str]) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)

    assert version_at(store, NOW) == versions[2]
    assert settled_at(store, NOW + SECOND) == versions[1]
    roll_back(now=NOW)
    assert settled_at(store, NOW + 2 * SECOND) == versions[2]


def test_it_sees_that_there_is_none_any_more(
    store: ModelStore, versions: list[str]
) -> None:
    store.current(now=NOW)
    TrainedModel.objects.all().delete()

    assert store.current(now=NOW + SECOND) is None


def test_a_clock_that_is_set_back_does_not_stop_it(
    store: ModelStore, versions: list[str]
) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)

    assert settled_at(store, NOW - timedelta(days=1)) == versions[1]


def test_a_model_that_is_forgotten_still_answers(
    store: ModelStore, versions: list[str]
) -> None:
    old = store.current(now=NOW)
    assert old is not None
    TrainedModel.objects.filter(version=versions[2]).update(
        is_active=False, activated_at=None
    )
    TrainedModel.objects.filter(version=versions[1]).update(is_active=True)
    prune_models(keep=0)
    assert not folder_of(versions[2]).exists()

    history = learned.History([1001, 1003], [5.0, 1.0])
    assert old.rank(history, history.items).shape == (2,)


# What cannot be read


@pytest.fixture
def broken(versions: list[str]) -> str:
    """A version that is activated, and then loses its folder."""
    shutil.rmtree(folder_of(versions[1]))
    return versions[1]


def activate_anyway(version: str) -> None:
    TrainedModel.objects.filter(is_active=True).update(is_active=False)
    TrainedModel.objects.filter(version=version).update(is_active=True)


def test_it_keeps_the_running_one_and_says_so_once(
    store: ModelStore,
    versions: list[str],
    broken: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.current(now=NOW)
    activate_anyway(broken)

    with caplog.at_level(logging.ERROR):
        found = {settled_at(store, NOW + n * SECOND) for n in range(1, 200)}

    assert found == {versions[2]}
    (message,) = [one.getMessage() for one in caplog.records]
    assert message.startswith("the active model is not served: ")
    assert broken in message


def test_without_a_running_one_there_is_none(store: ModelStore, broken: str) -> None:
    activate_anyway(broken)

    assert store.current(now=NOW) is None


def test_it_tries_again_after_a_while(
    store: ModelStore, versions: list[str], models_dir: Path
) -> None:
    store.current(now=NOW)
    folder_of(versions[1]).rename(models_dir / "away")
    activate_anyway(versions[1])
    assert settled_at(store, NOW + SECOND) == versions[2]
    (models_dir / "away").rename(folder_of(versions[1]))

    assert settled_at(store, NOW + 2 * SECOND) == versions[2]
    assert settled_at(store, NOW + SECOND + TRIED_AGAIN_AFTER) == versions[1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_is_not_met_at_each_look(
    store: ModelStore, versions: list[str], settings: Settings
) -> None:
    settings.MODELS_DIR = None

    assert store.current(now=NOW) is None
    assert settled_at(store, NOW + SECOND) is None

    assert store.refused is not None
    assert (store.refused.version, store.loading) == (versions[-1], None)


# What cannot be looked up


def test_it_keeps_the_running_one_where_the_look_up_fails(
    store: ModelStore, versions: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store.current(now=NOW)

    for day in (1, 2):
        with no_table_of_models():
            found = {version_at(store, NOW + day * DAY + n * SECOND) for n in range(9)}
        assert found == {versions[2]}
        assert version_at(store, NOW + day * DAY + 9 * SECOND) == versions[2]

    told = [one.getMessage() for one in caplog.records]
    assert told == ["the look-up of the model fails"] * 2  # once each time


def test_it_knows_whether_one_should_answer(
    store: ModelStore, versions: list[str], broken: str
) -> None:
    activate_anyway(broken)
    assert store.current(now=NOW) is None
    assert store.is_lacking
    TrainedModel.objects.all().delete()

    assert store.current(now=NOW + SECOND) is None
    assert not store.is_lacking


# Before the first request


def test_it_is_ready_before_it_is_asked(store: ModelStore, versions: list[str]) -> None:
    store.prepare(now=NOW)

    assert count_queries(lambda: store.current(now=NOW)) == 0
    assert version_at(store, NOW) == versions[2]


def test_the_first_request_tries_again(
    store: ModelStore,
    versions: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()
        store.prepare(now=NOW)

    (message,) = [one.getMessage() for one in caplog.records]
    assert message.startswith("no model could be looked up: ")
    assert version_at(store, NOW) == versions[2]


def test_it_does_not_wait_for_long(
    store: ModelStore,
    versions: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(serving, "WAITED_FOR", 0.01)
    disk = SlowDisk(versions[2])

    store.prepare(now=NOW)

    assert store.is_lacking
    (message,) = [one.getMessage() for one in caplog.records]
    assert message == f"model {versions[2]} is read for 0.01 s already"
    disk.wait_for_reader()
    disk.let_go_on()
    assert settled_at(store, NOW) == versions[2]
    assert not store.is_lacking


# Many at once


def test_the_first_callers_all_get_it(store: ModelStore, versions: list[str]) -> None:
    found = together(*[lambda: store.current(now=NOW)] * 8)

    assert {id(model) for model in found} == {id(store.current(now=NOW))}
    assert found[0] is not None


def test_nobody_waits_for_a_swap(store: ModelStore, versions: list[str]) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)
    disk = SlowDisk(versions[1])

    found = together(*[lambda: version_at(store, NOW + SECOND)] * 4)

    disk.wait_for_reader()
    assert set(found) == {versions[2]}  # also who looked
    assert version_at(store, NOW + 5 * SECOND) == versions[2]
    disk.let_go_on()
    assert settled_at(store, NOW + 5 * SECOND) == versions[1]


def test_it_reads_it_once_however_long_it_takes(
    store: ModelStore, versions: list[str]
) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)
    disk = SlowDisk(versions[1])
    store.running(now=NOW + SECOND)
    disk.wait_for_reader()
    first = store.loading

    for n in range(2, 100):
        version_at(store, NOW + n * SECOND)

    assert store.loading is first
    disk.let_go_on()
    assert settled_at(store, NOW + 100 * SECOND) == versions[1]


def test_what_is_read_too_late_is_not_served(
    store: ModelStore, versions: list[str]
) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)
    disk = SlowDisk(versions[1])
    store.running(now=NOW + SECOND)
    disk.wait_for_reader()
    late = store.loading
    assert late is not None
    activate_model(version=versions[0], now=NOW)
    assert settled_at(store, NOW + 2 * SECOND) == versions[0]

    disk.let_go_on()
    assert late.done.wait(30)

    assert version_at(store, NOW + 2 * SECOND) == versions[0]


def test_none_is_served_once_there_is_none(
    store: ModelStore, versions: list[str]
) -> None:
    store.current(now=NOW)
    activate_model(version=versions[1], now=NOW)
    disk = SlowDisk(versions[1])
    store.running(now=NOW + SECOND)
    disk.wait_for_reader()
    late = store.loading
    assert late is not None
    TrainedModel.objects.all().delete()
    assert store.current(now=NOW + 2 * SECOND) is None

    disk.let_go_on()
    assert late.done.wait(30)

    assert store.current(now=NOW + 2 * SECOND) is None
