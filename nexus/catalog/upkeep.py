"""What keeps our copy of TMDb up to date and within its terms; all may run twice."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import product
from typing import Final

from django.db import DatabaseError, OperationalError
from django.db.models import F, Q, QuerySet
from psycopg.errors import DeadlockDetected

from nexus.catalog import expiry, listings
from nexus.catalog.models import LastRun, Movie
from nexus.catalog.operations import queue_refresh
from nexus.catalog.upstream import ask_tmdb, is_configured
from nexus.tmdb import ChangesPage, Tmdb, Window

# A copy may be 180 days old. From the 150th day on it is refreshed, every hour again
# until TMDb answers; a few days before the last one it is given up.
OLD: Final = timedelta(days=150)
PURGED: Final = timedelta(days=175)
# So long TMDb has time to bring back what no member would miss.
UNUSED_KEPT: Final = timedelta(days=1)
REFRESHED_AT_ONCE: Final = 1_000
JUST_FETCHED: Final = timedelta(hours=12)
# Less than a day, so that a job which is due every hour runs every day at one time.
DAILY: Final = timedelta(hours=23)
LONGEST_GAP: Final = timedelta(days=14)  # what changed before is refreshed by age
CHANGES: Final = "refresh_changed_movies"
TRENDING_WINDOWS: Final[tuple[Window, ...]] = ("day", "week")
TRENDING_PAGES: Final = (1, 2)

logger = logging.getLogger(__name__)


def refresh_old_movies(*, now: datetime) -> None:
    """Queue the films whose copy grows old, the oldest first, then those given up."""
    if not is_configured():
        return
    old = Q(removed_at=None, fetched_at__lt=now - OLD) | expiry.IS_PURGED
    oldest_first = Movie.objects.filter(old).order_by(
        F("fetched_at").asc(nulls_last=True), "id"
    )
    queue_refreshes(oldest_first.values_list("id", flat=True)[:REFRESHED_AT_ONCE])


def purge_old_movies(*, now: datetime) -> None:
    """Give up the copies that nobody could refresh, film by film.

    A film that fails is logged and left to the next time. Raises the last of these
    errors, when all others are done.
    """
    older_than, purged_before = now - PURGED, now - UNUSED_KEPT
    too_old = Movie.objects.filter(fetched_at__lt=older_than).order_by("fetched_at")
    given_up = Movie.objects.filter(expiry.IS_PURGED, purged_at__lt=purged_before)
    failures = [
        *failures_of(partial(expiry.purge, older_than=older_than, now=now), too_old),
        *failures_of(
            partial(expiry.delete_unused, purged_before=purged_before),
            given_up.order_by("id"),
        ),
    ]
    if failures:
        raise failures[-1]


def failures_of(
    act: Callable[[int], None], movies: QuerySet[Movie]
) -> Iterator[DatabaseError]:
    """Do so with each of the films, as long as there is a database."""
    for movie_id in list(movies.values_list("id", flat=True)):
        try:
            act(movie_id)
        except DatabaseError as error:
            if not is_of_the_film(error):
                raise
            why = type(error).__name__
            logger.error("film %s was not purged: %s", movie_id, why)
            yield error


def is_of_the_film(error: DatabaseError) -> bool:
    deadlock = isinstance(error.__cause__, DeadlockDetected)
    return deadlock or not isinstance(error, OperationalError)


def refresh_changed_movies(*, now: datetime) -> None:
    """Once a day, queue the films of ours that changed at TMDb since the last time.

    Raises what TMDb's client raises; the next time goes on where this one ended.
    """
    last = last_run(CHANGES)
    if not is_configured() or is_recent(last, now=now):
        return
    if Movie.objects.exclude(fetched_at=None).exists():
        for day in days_to_ask_for(last, now=now):
            queue_changed(day, now=now)
            note_run(CHANGES, now=day_after(day))
    note_run(CHANGES, now=now)


def days_to_ask_for(last: datetime | None, *, now: datetime) -> Iterator[date]:
    """Yield the days since the day before the last run, or the last 14."""
    since = max(last or now - LONGEST_GAP, now - LONGEST_GAP).date()
    since = max(since - timedelta(days=1), (now - LONGEST_GAP).date())
    for number in range((now.date() - since).days):
        yield since + timedelta(days=number)


def day_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def queue_changed(day: date, *, now: datetime) -> None:
    """Queue what changed between the day and the next; day by day, lists stay short."""
    page, pages = 1, 1
    while page <= pages:
        changes = ask_for_changes(day, page)
        queue_refreshes(changed_since(changes.tmdb_ids, now=now))
        page, pages = page + 1, changes.total_pages


def ask_for_changes(day: date, page: int) -> ChangesPage:
    end_on = day + timedelta(days=1)
    return ask_tmdb(
        "changes", partial(Tmdb.changes, start_on=day, end_on=end_on, page=page)
    )


def changed_since(movie_ids: Iterable[int], *, now: datetime) -> QuerySet[Movie, int]:
    """Return which of the films we hold; a tombstone may be known again."""
    earlier = now - JUST_FETCHED
    held = Movie.objects.filter(id__in=movie_ids)
    older = held.filter(Q(fetched_at__lt=earlier) | Q(removed_at__lt=earlier))
    return older.order_by("id").values_list("id", flat=True)


def refresh_trending(*, now: datetime) -> None:
    """Bring the trending lists up to date; raises what TMDb's client raises."""
    if not is_configured():
        return
    for window, page in product(TRENDING_WINDOWS, TRENDING_PAGES):
        listings.refresh_page("trending", {"window": window, "page": page}, now=now)


def queue_refreshes(movie_ids: Iterable[int]) -> None:
    for movie_id in movie_ids:
        queue_refresh(movie_id)


def last_run(job: str) -> datetime | None:
    return LastRun.objects.filter(job=job).values_list("began_at", flat=True).first()


def is_recent(last: datetime | None, *, now: datetime) -> bool:
    return last is not None and now - last < DAILY


def note_run(job: str, *, now: datetime) -> None:
    LastRun.objects.update_or_create(job=job, defaults={"began_at": now})
