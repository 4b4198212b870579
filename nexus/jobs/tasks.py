"""The tasks: each takes ids and calls one operation. All may run twice.

Those that go by the clock are not tried again: the next hour queues them again, and
what has to happen once a day remembers when it last did. A machine that is on for an
hour a day misses nothing.
"""

from typing import Any

from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from nexus.accounts import closing, mails, sessions
from nexus.catalog import genres, images, listings, operations, title_index, upkeep
from nexus.catalog.upstream import in_background
from nexus.jobs.apart import run_apart
from nexus.lib.errors import BadUpstreamError, UnavailableError
from nexus.queue import do_later

# Waits 4 s, 16 s, ... and 18 hours at last: a mail server may be down for a day.
PATIENT = RetryStrategy(max_attempts=8, exponential_wait=4)
# Waits 2 s, 4 s, ... and 32 s at last; after that whoever reads a stale copy queues the
# next one.
WHILE_OUT = RetryStrategy(
    max_attempts=5,
    exponential_wait=2,
    retry_exceptions=[BadUpstreamError, UnavailableError],
)
JOBS_KEPT_H = 48
MODELS_KEPT = "5"


# Hundreds may wait at once; mails go first.
@app.task(name="refresh_movie", priority=-1, retry=WHILE_OUT)
@in_background()
def refresh_movie(movie_id: int) -> None:
    operations.refresh_movie(movie_id=movie_id, now=timezone.now())


@app.task(name="refresh_listing", priority=-1, retry=WHILE_OUT)
@in_background()
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
@in_background()
def refresh_old_movies(timestamp: int) -> None:
    upkeep.refresh_old_movies(now=timezone.now())


@app.periodic(cron="20 * * * *")
@app.task(name="refresh_changed_movies", queueing_lock="refresh_changed_movies")
@in_background()
def refresh_changed_movies(timestamp: int) -> None:
    upkeep.refresh_changed_movies(now=timezone.now())


# Films that a version before this one stores while both run lack words, or have others.
@app.periodic(cron="50 * * * *")
@app.task(name="derive_titles", queueing_lock="derive_titles")
def derive_titles(timestamp: int) -> None:
    title_index.derive_missing()
    if not title_index.are_all_right():
        do_later("derive_titles_anew", arguments={}, once="all")


# Looks at every title after an upgrade that derives them otherwise.
@app.task(name="derive_titles_anew", lock="derive_titles_anew")
async def derive_titles_anew() -> None:
    await run_apart("titles")


# Twice before the lists are stale, so that one failure goes unnoticed.
@app.periodic(cron="5,35 * * * *")
@app.task(name="refresh_trending", queueing_lock="refresh_trending")
@in_background()
def refresh_trending(timestamp: int) -> None:
    upkeep.refresh_trending(now=timezone.now())


# So often that a worker which starts after months finds it due: see the queue's own
# limit of ten minutes for what it missed.
@app.periodic(cron="*/10 * * * *")
@app.task(name="purge_old_movies", queueing_lock="purge_old_movies")
def purge_old_movies(timestamp: int) -> None:
    upkeep.purge_old_movies(now=timezone.now())


@app.periodic(cron="17 * * * *")
@app.task(name="purge_sessions", queueing_lock="purge_sessions")
def purge_sessions(timestamp: int) -> None:
    sessions.purge_sessions(now=timezone.now())


@app.periodic(cron="27 * * * *")
@app.task(name="erase_closed_accounts", queueing_lock="erase_closed_accounts")
def erase_closed_accounts(timestamp: int) -> None:
    closing.erase_closed_accounts(now=timezone.now())


@app.periodic(cron="* * * * *")
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


@app.periodic(cron="50 */6 * * *")
@app.task(name="refresh_genres", queueing_lock="refresh_genres")
@in_background()
def refresh_genres(timestamp: int) -> None:
    genres.refresh_genres()


@app.periodic(cron="55 */6 * * *")
@app.task(name="refresh_images", queueing_lock="refresh_images")
@in_background()
def refresh_images(timestamp: int) -> None:
    images.refresh_images(now=timezone.now())


# Once a day, but looked at every hour: a machine that is seldom on misses nothing. Its
# queue is its own, for a worker that shares no disk with the web server to leave out.
@app.periodic(cron="30 * * * *")
@app.task(
    name="train_model",
    queue="training",
    queueing_lock="train_model",
    lock="train_model",
)
async def train_model(timestamp: int) -> None:
    await run_apart("train", "--daily", "--keep", MODELS_KEPT, "--json")
