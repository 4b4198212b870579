"""How the job queue is doing, whichever machines its workers are on."""

from dataclasses import dataclass
from typing import Final

from django.db import connection
from procrastinate.contrib.django import app

# A worker tells every ten seconds that it is there.
SILENT_S: Final = 30

TOLD: Final = ("todo", "doing", "succeeded", "failed")
COUNTS: Final = """
SELECT task_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2
"""
# A job may wait for its time; what counts is how long it could have run already.
OLDEST: Final = """
SELECT extract(epoch FROM now() - min(coalesce(job.scheduled_at, event.at)))
FROM procrastinate_jobs job
LEFT JOIN procrastinate_events event
    ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
"""
WORKERS: Final = """
SELECT count(*) FROM procrastinate_workers
WHERE last_heartbeat > now() - make_interval(secs => %s)
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """`jobs` counts those that are kept by task and status."""

    jobs: dict[tuple[str, str], int]
    oldest_s: float
    workers: int


def queue_state() -> QueueState:
    # What has not happened yet is told as well: or nobody would see it begin.
    jobs = {(task, status): 0 for task in app.tasks for status in TOLD}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        jobs |= {(task, status): count for task, status, count in cursor.fetchall()}
        cursor.execute(OLDEST)
        (oldest_s,) = cursor.fetchone()
    return QueueState(jobs, float(oldest_s or 0), count_workers())


def count_workers() -> int:
    """Count those that told of themselves just now."""
    with connection.cursor() as cursor:
        cursor.execute(WORKERS, [SILENT_S])
        return int(cursor.fetchone()[0])
