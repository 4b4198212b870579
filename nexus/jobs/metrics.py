"""What is counted, logged and traced of every job."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate import App, JobContext
from procrastinate.worker import Worker
from prometheus_client import Counter, Histogram
from structlog.contextvars import bound_contextvars

from nexus.watching.spans import span

ENDED = Counter(
    "nexus_jobs_ended_total",
    "Runs of jobs, by how they ended; one that is tried again has failed before.",
    ["task", "outcome"],  # succeeded, failed, aborted
)
SECONDS = Histogram(
    "nexus_job_duration_seconds",
    "Time of a run.",
    ["task"],
    buckets=(0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800),
)


async def watched(
    call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker
) -> Any:
    task, began_s, outcome = context.job.task_name, time.monotonic(), "failed"
    try:
        with bound_contextvars(job_id=context.job.id, task=task), span(f"job {task}"):
            result = await call_next()
        outcome = "succeeded"
        return result
    except asyncio.CancelledError:
        outcome = "aborted"
        raise
    finally:
        ENDED.labels(task, outcome).inc()
        SECONDS.labels(task).observe(time.monotonic() - began_s)


def watch_jobs(app: App) -> None:
    """Have every worker do so: settings name this for when the app is ready."""
    app.worker_defaults["worker_middleware"] = [watched]
