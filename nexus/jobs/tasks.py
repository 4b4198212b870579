"""The tasks: each takes ids and calls one operation. All may run twice.

Those that refresh are not tried again: whoever reads a stale copy queues the next one.
"""

from typing import Any

from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from nexus.accounts import closing, mails, sessions
from nexus.catalog import listings, operations

# Waits 4 s, 16 s, ... and 18 hours at last: a mail server may be down for a day.
PATIENT = RetryStrategy(max_attempts=8, exponential_wait=4)
JOBS_KEPT_H = 48


@app.task(name="refresh_movie")
def refresh_movie(movie_id: int) -> None:
    operations.refresh_movie(movie_id=movie_id, now=timezone.now())


@app.task(name="refresh_listing")
def refresh_listing(name: str, wanted: dict[str, Any]) -> None:
    listings.refresh_page(name, wanted, now=timezone.now())


@app.task(name="send_password_reset", retry=PATIENT)
def send_password_reset(user_id: int) -> None:
    mails.send_password_reset(user_id=user_id)


@app.task(name="send_verification", retry=PATIENT)
def send_verification(user_id: int) -> None:
    mails.send_verification(user_id=user_id)


@app.task(name="send_leave_address", retry=PATIENT)
def send_leave_address(user_id: int) -> None:
    mails.send_leave_address(user_id=user_id)


@app.task(name="send_take_address", retry=PATIENT)
def send_take_address(user_id: int) -> None:
    mails.send_take_address(user_id=user_id)


@app.task(name="send_theft_notice", retry=PATIENT)
def send_theft_notice(user_id: int) -> None:
    mails.send_theft_notice(user_id=user_id)


@app.task(name="send_closing_notice", retry=PATIENT)
def send_closing_notice(user_id: int) -> None:
    mails.send_closing_notice(user_id=user_id)


@app.task(name="send_password_notice", retry=PATIENT)
def send_password_notice(user_id: int) -> None:
    mails.send_password_notice(user_id=user_id)


@app.periodic(cron="40 * * * *")
@app.task(name="refresh_old_movies", queueing_lock="refresh_old_movies")
def refresh_old_movies(timestamp: int) -> None:
    operations.refresh_old_movies(now=timezone.now())


@app.periodic(cron="20 */6 * * *")
@app.task(name="refresh_changed_movies", queueing_lock="refresh_changed_movies")
def refresh_changed_movies(timestamp: int) -> None:
    operations.refresh_changed_movies(now=timezone.now())


@app.periodic(cron="17 * * * *")
@app.task(name="purge_sessions", queueing_lock="purge_sessions")
def purge_sessions(timestamp: int) -> None:
    sessions.purge_sessions(now=timezone.now())


@app.periodic(cron="27 * * * *")
@app.task(name="erase_closed_accounts", queueing_lock="erase_closed_accounts")
def erase_closed_accounts(timestamp: int) -> None:
    closing.erase_closed_accounts(now=timezone.now())


@app.periodic(cron="*/5 * * * *")
@app.task(
    name="take_up_stalled_jobs",
    queueing_lock="take_up_stalled_jobs",
    pass_context=True,
)
async def take_up_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again what a worker that died left unfinished."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs():
        try:
            await jobs.retry_job(job)
        except UniqueViolation:  # the same job waits already
            await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
        except ConnectorException:  # another worker was faster
            continue


@app.periodic(cron="47 * * * *")
@app.task(name="forget_old_jobs", queueing_lock="forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    await context.app.job_manager.delete_old_jobs(
        nb_hours=JOBS_KEPT_H,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
