"""The tasks: each takes ids and calls one operation. All may run twice."""

from typing import Any

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from nexus.accounts import mails, sessions
from nexus.catalog import listings, operations

PATIENT = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.task(name="refresh_movie", retry=PATIENT)
def refresh_movie(movie_id: int) -> None:
    operations.refresh_movie(movie_id=movie_id, now=timezone.now())


@app.task(name="refresh_listing", retry=PATIENT)
def refresh_listing(name: str, wanted: dict[str, Any]) -> None:
    listings.refresh_page(name, wanted, now=timezone.now())


@app.task(name="send_password_reset", retry=PATIENT)
def send_password_reset(email: str) -> None:
    mails.send_password_reset(email=email)


@app.task(name="send_verification", retry=PATIENT)
def send_verification(user_id: int) -> None:
    mails.send_verification(user_id=user_id)


@app.periodic(cron="17 * * * *")
@app.task(name="purge_sessions", queueing_lock="purge_sessions")
def purge_sessions(timestamp: int) -> None:
    sessions.purge_sessions(now=timezone.now())
