"""The daily training: in a process of its own, beside the other jobs."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from django.conf import settings
from procrastinate.contrib.django import app

from nexus.catalog.models import LastRun
from nexus.jobs.apart import CommandFailed, run_apart
from nexus.jobs.worker import WorkerThread
from nexus.queue import do_later
from nexus.recommendations.models import TrainedModel
from tests.jobs.test_worker import idle_worker, status_of, wait_until, worker
from tests.recommendations.crowd import store_crowd
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

WAITING: Final = (
    "SELECT FROM pg_locks WHERE NOT granted"
    " AND relation = 'recommendations_outsiderating'::regclass"
)

__all__ = ["idle_worker", "worker"]  # fixtures


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lead processes of their own to the database of this test."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def test_it_works(worker: WorkerThread, models: Path) -> None:
    store_crowd()

    do_later("train_model", once="x", arguments={"timestamp": 0})

    wait_until(lambda: status_of("train_model") == "succeeded")
    model = TrainedModel.objects.get()
    assert model.is_active
    assert (models / model.version).is_dir()


def test_it_trains_once_a_day(worker: WorkerThread) -> None:
    do_later("train_model", once="x", arguments={"timestamp": 0})
    wait_until(lambda: status_of("train_model") == "succeeded")
    store_crowd()

    asyncio.run(run_apart("train", "--daily"))

    assert not TrainedModel.objects.exists()
    assert LastRun.objects.filter(job="train_model").exists()


def test_it_is_looked_at_every_hour_and_never_twice_at_once() -> None:
    crons = {
        periodic.task.name: periodic.cron
        for periodic in app.periodic_registry.periodic_tasks.values()
    }
    task = app.tasks["train_model"]

    assert crons["train_model"].endswith(" * * * *")
    assert (task.queueing_lock, task.lock) == ("train_model", "train_model")


def test_a_command_that_fails_fails_its_job() -> None:
    with pytest.raises(CommandFailed, match="models ended with 2"):
        asyncio.run(run_apart("models", "activate", "x"))


def test_it_tells_what_the_command_wrote() -> None:
    assert asyncio.run(run_apart("models", "list", "--json")) == "[]"


def children() -> set[str]:
    """Return the numbers of our processes that run a command apart."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        pids = (task / "children").read_text().split()
        found |= {pid for pid in pids if b"nexus.jobs.apart" in command_of(pid)}
    return found


def command_of(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_who_stops_waiting_ends_the_command() -> None:
    """A training that waits for a table does not end by itself."""
    with psycopg.connect(database_url()) as other:
        # If nothing ends it, the table is free some day, and the test goes on to fail.
        other.execute("SET LOCAL idle_in_transaction_session_timeout = '30s'")
        other.execute("LOCK TABLE recommendations_outsiderating")

        async def stop_waiting() -> set[str]:
            running = asyncio.create_task(run_apart("train"))
            await asyncio.to_thread(wait_until, lambda: is_waited_for(other))
            begun = children()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            return begun

        begun = asyncio.run(stop_waiting())

        assert len(begun) == 1
        assert not children()
        assert not is_waited_for(other)


def is_waited_for(holder: psycopg.Connection[Any]) -> bool:
    """Say whether anybody waits for the table; raises if it is held no more."""
    return bool(holder.execute(WAITING).fetchall())
