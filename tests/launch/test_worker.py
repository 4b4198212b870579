"""`python -m nexus worker`: how many jobs it does at once, and whether one lives."""

from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.launch.program import running, wait_until
from tests.servers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

SILENT = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"


def under_way() -> int:
    return ProcrastinateJob.objects.filter(
        task_name="purge_sessions", status="doing"
    ).count()


def health() -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("worker", "--healthy")
    return int(str(ended.value.code))


def test_it_does_as_many_jobs_at_once_as_it_is_told(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    for number in range(4):
        task = app.configure_task("purge_sessions", queueing_lock=str(number))
        task.defer(timestamp=0)

    with psycopg.connect(database_url()) as other:
        # What keeps each of them from ending.
        other.execute("LOCK TABLE accounts_session IN ACCESS EXCLUSIVE MODE")
        with running(tmp_path, "worker", "--concurrency", "3", **variables):
            wait_until(lambda: under_way() >= 3)

            assert ProcrastinateJob.objects.filter(status="doing").count() == 3
            assert ProcrastinateJob.objects.filter(status="todo").exists()


@pytest.mark.parametrize("text", ["0", "-1", "many", "65"])
def test_it_refuses_another_number(text: str) -> None:
    with pytest.raises(CommandError, match="no whole number from 1 to 64"):
        call_command("worker", f"--concurrency={text}")


def test_it_says_whether_a_worker_lives() -> None:
    assert health() == 1

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert health() == 0

    with connection.cursor() as cursor:
        cursor.execute(SILENT)
    assert health() == 1
