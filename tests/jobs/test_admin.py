"""/admin/procrastinate/: the queue, to look at."""

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.accounts.models import Role, User
from nexus.queue import do_later
from tests.builders import make_user
from tests.query_count import count_queries

pytestmark = pytest.mark.django_db

JOBS = "/admin/procrastinate/procrastinatejob/"


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))
    return client


@pytest.fixture
def job() -> ProcrastinateJob:
    """A job that waits, beside one that failed."""
    do_later("refresh_movie", arguments={"movie_id": 603})
    do_later("send_verification", arguments={"user_id": 1})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'failed'"
            " WHERE task_name = 'send_verification'"
        )
    found: ProcrastinateJob = ProcrastinateJob.objects.get(task_name="refresh_movie")
    return found


def shown(client: Client, path: str, **params: str) -> str:
    response = client.get(path, params)
    assert response.status_code == 200
    return str(response.content.decode())


def listed(client: Client, **params: str) -> str:
    """Return the rows of the list, without the filters beside it."""
    return (
        shown(client, JOBS, **params)
        .partition('id="result_list"')[2]
        .partition("</table>")[0]
    )


def test_it_works(operator: Client, job: ProcrastinateJob) -> None:
    rows = listed(operator)

    assert "refresh_movie" in rows
    assert "send_verification" in rows
    assert "failed" in rows


def test_it_is_linked(operator: Client, job: ProcrastinateJob) -> None:
    assert JOBS in shown(operator, "/admin/")
    assert JOBS in shown(operator, "/admin/procrastinate/")


@pytest.mark.parametrize(
    "params",
    [
        {"q": "refresh"},
        {"q": "todo"},
        {"status__exact": "todo"},
        {"task_name": "refresh_movie"},
    ],
)
def test_it_finds_by_task_and_status(
    operator: Client, job: ProcrastinateJob, params: dict[str, str]
) -> None:
    rows = listed(operator, **params)

    assert "refresh_movie" in rows
    assert "send_verification" not in rows


def test_it_shows_one_with_what_happened_to_it(
    operator: Client, job: ProcrastinateJob
) -> None:
    page = shown(operator, f"{JOBS}{job.pk}/change/")

    assert "603" in page
    assert "deferred" in page
    assert '<input type="submit"' not in page


@pytest.mark.parametrize("action", ["add", "{id}/change", "{id}/delete"])
def test_nothing_can_be_changed(
    operator: Client, job: ProcrastinateJob, action: str
) -> None:
    path = f"{JOBS}{action.format(id=job.pk)}/"

    response = operator.post(path, {"status": "cancelled", "post": "yes"})

    assert response.status_code == 403
    assert ProcrastinateJob.objects.get(id=job.pk).status == "todo"


@pytest.mark.parametrize("action", ["retry", "cancel", "abort", "delete_selected"])
def test_it_has_no_actions(
    operator: Client, job: ProcrastinateJob, action: str
) -> None:
    operator.post(JOBS, {"action": action, "_selected_action": [job.pk]})

    after = ProcrastinateJob.objects.get(id=job.pk)
    assert (after.status, after.abort_requested) == ("todo", False)


@pytest.mark.parametrize("rows", [10, 100])
def test_it_asks_the_database_equally_often(operator: Client, rows: int) -> None:
    do_later("refresh_movie", arguments={"movie_id": 1})
    for_one = count_queries(lambda: listed(operator))
    for number in range(2, rows + 1):
        do_later("refresh_movie", arguments={"movie_id": number})

    assert count_queries(lambda: listed(operator)) == for_one


def test_it_is_not_for_members(owner: User) -> None:
    client = Client()
    client.force_login(owner)

    assert client.get(JOBS).status_code == 302
