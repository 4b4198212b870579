"""Hands work to the job queue by the task's name. It must not know any task."""

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.types import JSONDict
from psycopg.types.json import Jsonb

from nexus.lib.errors import UnavailableError


class QueueUnavailable(UnavailableError):
    """The queue is in the database, which does not answer."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The database does not answer.")


def do_later(task: str, *, arguments: JSONDict, once: str | None = None) -> None:
    """Queue the task; with `once`, unless a job of that name already waits.

    A task that is tried again must go without `once`: on its way back into the queue it
    could meet its successor.
    """
    lock = None if once is None else f"{task}:{once}"
    deferrer = app.configure_task(task, queueing_lock=lock)
    try:
        with transaction.atomic():
            deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return
    except ConnectorException as error:
        raise QueueUnavailable from error


def forget_jobs(*, arguments: JSONDict) -> None:
    """Remove the jobs with these arguments, done or waiting; running ones stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE args @> %s AND status <> 'doing'",
            [Jsonb(arguments)],  # type: ignore[list-item]  # the stub knows no adapters
        )
