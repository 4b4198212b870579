"""The queue's work, done at once and on the test's own connection."""

import re

from django.core.mail import EmailMessage
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def run_jobs() -> None:
    """Do what waits in the queue, in its order, without taking it out."""
    for job in ProcrastinateJob.objects.filter(status="todo").order_by("id"):
        app.tasks[job.task_name].func(**job.args)


def code_in(mail: EmailMessage) -> str:
    """Return the token that stands alone on a line of the mail."""
    found = re.search(r"^\S{40,}$", str(mail.body), re.MULTILINE)
    assert found is not None
    return found.group()
