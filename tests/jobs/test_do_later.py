from functools import partial

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.queue import do_later
from tests.builders import make_movie
from tests.together import together

pytestmark = pytest.mark.django_db


def refresh(movie_id: int) -> None:
    do_later("refresh_movie", once=str(movie_id), arguments={"movie_id": movie_id})


def test_it_works() -> None:
    refresh(603)

    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == ("refresh_movie", {"movie_id": 603})
    assert job.status == "todo"


def test_what_waits_already_is_not_queued_again() -> None:
    for movie_id in (603, 604, 603):
        refresh(movie_id)

    assert ProcrastinateJob.objects.count() == 2


def test_it_leaves_the_callers_transaction_alone() -> None:
    refresh(603)

    with transaction.atomic():
        make_movie(1)
        refresh(603)
        make_movie(2)

    assert ProcrastinateJob.objects.count() == 1


def test_it_is_undone_with_the_callers_transaction() -> None:
    with transaction.atomic():
        refresh(603)
        transaction.set_rollback(True)

    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_queue_one_job() -> None:
    together(*[partial(refresh, 603)] * 8)

    assert ProcrastinateJob.objects.count() == 1
