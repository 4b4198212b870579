"""Hands work to the job queue by the task's name. It must not know any task."""

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.types import JSONDict


def do_later(task: str, *, once: str, arguments: JSONDict) -> None:
    """Queue the task unless a job with the same `once` already waits."""
    deferrer = app.configure_task(task, queueing_lock=f"{task}:{once}")
    try:
        with transaction.atomic():
            deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return
