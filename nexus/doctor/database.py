"""What can be seen of the database, once it answers."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import Error, connection

from nexus.database.migrations import (
    applied_migrations,
    pending_migrations,
    unknown_migrations,
)
from nexus.doctor.findings import Finding, Status, ok, unknown, wrong
from nexus.lib.counted import counted

LEAST_POSTGRES: Final = 16
EXTENSIONS: Final = ("plpgsql",)  # triggers and the queue are written in it
FARTHEST: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=30)
# When each waiting job became due: a worker that is well takes it within seconds.
WAITING: Final = """
SELECT count(*), min(greatest(job.scheduled_at, event.at))
FROM procrastinate_jobs job
JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND coalesce(job.scheduled_at, event.at) <= %s
"""
ALIVE: Final = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
HEARTBEAT: Final = timedelta(minutes=1)

Check = Callable[[], Finding]


def database(*, clock: Callable[[], datetime], fault: str) -> list[Finding]:
    """`fault` is why the embedded server does not run, if it could not be started."""
    found = answers(fault)
    checks: dict[str, Check] = {
        "postgres": postgres_version,
        "extensions": extensions,
        "encoding": encoding,
        "time zone": time_zone,
        "clock": lambda: clocks(clock),
        "migrations": migrations,
        "worker": lambda: worker(clock()),
    }
    if found.status is not Status.OK:
        told = "The database does not answer."
        return [found, *(unknown(name, told) for name in checks)]
    return [found, *(looked_at(name, check) for name, check in checks.items())]


def answers(fault: str) -> Finding:
    if fault:
        return wrong("database", fault, remedy=remedy())
    try:
        connection.ensure_connection()
    except Error as error:
        return wrong(
            "database", f"It does not answer: {reason(error)}", remedy=remedy()
        )
    return ok("database", "It answers.")


def remedy() -> str:
    if settings.IS_EMBEDDED:
        return (
            "Start the product (`python -m nexus run`); if it cannot, "
            f"{settings.HOME.postgres_log} says why, "
            f"or {settings.HOME.former_postgres_log.name} beside it."
        )
    return "Start it, or correct DATABASE_URL; its user must be allowed to connect."


def reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip()


def looked_at(name: str, check: Check) -> Finding:
    try:
        return check()
    except Error as error:
        return wrong(
            name,
            f"It cannot be looked at: {reason(error)}",
            remedy="Mend what is wrong above, and look again.",
        )


def row(query: str, *values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: tuple[Any, ...] = cursor.fetchall()[0]
    return found


def postgres_version() -> Finding:
    (number,) = row("SELECT current_setting('server_version_num')::int")
    told = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number // 10_000 < LEAST_POSTGRES:
        return wrong(
            "postgres",
            f"{told} is too old.",
            remedy=f"Move to PostgreSQL {LEAST_POSTGRES} or newer (pg_upgrade).",
        )
    return ok("postgres", f"{told}.")


def extensions() -> Finding:
    (there,) = row("SELECT array_agg(extname::text) FROM pg_extension")
    missing = [name for name in EXTENSIONS if name not in (there or [])]
    if missing:
        return wrong(
            "extensions",
            f"Missing: {', '.join(missing)}.",
            remedy="; ".join(f"CREATE EXTENSION {name}" for name in missing)
            + " in the database, as one of its superusers; then restore a backup, if "
            "triggers went with it.",
        )
    return ok("extensions", f"There: {', '.join(EXTENSIONS)}.")


def encoding() -> Finding:
    (found,) = row("SELECT current_setting('server_encoding')")
    if found != "UTF8":
        return wrong(
            "encoding",
            f"The database is encoded in {found}, which has no place for most names.",
            remedy="Back up, and restore into one created with ENCODING 'UTF8'.",
        )
    return ok("encoding", "UTF8.")


def time_zone() -> Finding:
    (found,) = row("SELECT current_setting('TimeZone')")
    if found != settings.TIME_ZONE:
        return wrong(
            "time zone",
            f"Sessions run in {found}, not in {settings.TIME_ZONE}.",
            remedy="Take the time zone out of DATABASE_URL's options.",
        )
    return ok("time zone", f"Sessions run in {found}.")


def clocks(clock: Callable[[], datetime]) -> Finding:
    """Compare ours with the database's, at the middle of asking for it."""
    before, began_s = clock(), time.monotonic()
    (theirs,) = row("SELECT clock_timestamp()")
    ours = before + timedelta(seconds=(time.monotonic() - began_s) / 2)
    apart = abs(theirs - ours)
    if apart > FARTHEST:
        return wrong(
            "clock",
            f"This machine's clock is {apart.total_seconds():.0f} s apart from the "
            "database's: tokens and turns would not be believed.",
            remedy="Have both kept by NTP (timedatectl set-ntp true).",
        )
    return ok("clock", "It agrees with the database's.")


def migrations() -> Finding:
    applied = applied_migrations()
    if not applied:
        return wrong(
            "migrations",
            "The database is empty.",
            remedy="Start the product, run `python -m nexus prepare`, or restore.",
        )
    if later := unknown_migrations(applied):
        return wrong(
            "migrations",
            f"The database belongs to a newer version of Nexus ({later[-1]}).",
            remedy="Install that version; going back takes a backup of before.",
        )
    if pending := pending_migrations():
        return wrong(
            "migrations",
            f"{counted(len(pending), 'migration')} to go, the first is {pending[0]}.",
            remedy="Run `python -m nexus prepare`.",
        )
    return ok("migrations", "All are applied.")


def worker(now: datetime) -> Finding:
    """Look for jobs that nobody takes."""
    if pending_migrations():
        return unknown("worker", "The database is not prepared.")
    count, since = row(WAITING, now)
    (alive,) = row(ALIVE, now - HEARTBEAT)
    told = f"Waiting: {counted(count, 'job')}. Alive: {counted(alive, 'worker')}."
    if since is not None and now - since > LONGEST_WAIT:
        minutes = (now - since).total_seconds() / 60
        return wrong(
            "worker",
            f"{told} The first has waited for {minutes:.0f} minutes.",
            remedy="Look at /admin/procrastinate/; start another worker."
            if alive
            else "Start the product, or where WORKER_IN_WEB is off: "
            "`python -m nexus worker`.",
        )
    return ok("worker", told)
