"""What is counted of a job, however it ends."""

import asyncio
from typing import Any, cast

import pytest
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars

from nexus.jobs.metrics import watched

JOB = Job(
    id=7, queue="default", lock=None, queueing_lock=None, task_name="tested", priority=0
)


def run_job(ending: BaseException | None = None) -> Any:
    async def call() -> Any:
        if ending is not None:
            raise ending
        return get_contextvars()

    context = JobContext(
        start_timestamp=0.0, app=app, job=JOB, abort_reason=lambda: None
    )
    return asyncio.run(watched(call, context, cast("Worker", None)))


def ended(outcome: str) -> float:
    labels = {"task": "tested", "outcome": outcome}
    return REGISTRY.get_sample_value("nexus_jobs_ended_total", labels) or 0.0


def test_it_works() -> None:
    before = ended("succeeded")

    said = run_job()

    assert ended("succeeded") == before + 1
    assert (said["task"], said["job_id"]) == ("tested", 7)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(ValueError("no"), "failed"), (asyncio.CancelledError(), "aborted")],
)
def test_it_counts_what_did_not_succeed(ending: BaseException, outcome: str) -> None:
    before = ended(outcome)

    with pytest.raises(type(ending)):
        run_job(ending)

    assert ended(outcome) == before + 1
