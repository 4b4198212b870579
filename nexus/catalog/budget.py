"""How often TMDb may be asked, by all processes together.

TMDb tolerates some 40 calls a second. Each call reserves the next free moment and waits
for it, so nobody has to ask again and again whether it is their turn. Background work
takes only what people leave. The moments are in PostgreSQL, which all processes share
in every installation, also while Valkey is down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

CALLS: Final = 30
# Over a second: on their way to TMDb calls draw closer together, by up to 0.1 s where
# four processes share two busy CPUs.
WINDOW_S: Final = 1.2
GRACE_S: Final = WINDOW_S - 1.0  # a moment that passed longer ago is nobody's any more
LEFT_TO_PEOPLE: Final = 10  # of these calls
LONGEST_AHEAD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment in `wait_s` seconds; it is ours only if it was granted."""

    granted: bool
    wait_s: float


# By the clock of the database, the only one that all share; `now` is for tests.
NOW = "coalesce(%(now)s::timestamptz, clock_timestamp())"
# The n-th moment before the next one must be a window away. One further ahead than any
# caller waits was given away by a clock that has been set back since: it binds nobody.
BEFORE = "kept.given[cardinality(kept.given) + 1 - %(calls)s]"
NEXT = f"""
greatest({NOW}, CASE WHEN {BEFORE} <= {NOW} + %(ahead)s THEN {BEFORE} + %(window)s END)
"""
RESERVE = f"""
INSERT INTO catalog_tmdbcalls AS kept (id, given)
SELECT 1, ARRAY[{NOW}] WHERE %(patience)s >= interval '0'
ON CONFLICT (id) DO UPDATE
SET given = (kept.given || {NEXT})[cardinality(kept.given) + 2 - %(kept)s:]
WHERE {NEXT} <= {NOW} + %(patience)s
RETURNING extract(epoch FROM given[cardinality(given)] - {NOW})::float
"""  # noqa: S608  only our own constants
LOOK = f"SELECT extract(epoch FROM {NEXT} - {NOW})::float FROM catalog_tmdbcalls kept"  # noqa: S608


def reserve(
    *, patience_s: float, background: bool, now: datetime | None = None
) -> Turn:
    """Take the next moment if it is at most so many seconds away.

    A row is locked until the transaction ends: not to be called within one.
    """
    values: dict[str, Any] = {
        "now": now,
        "calls": CALLS - LEFT_TO_PEOPLE if background else CALLS,
        "kept": CALLS,
        "window": timedelta(seconds=WINDOW_S),
        "ahead": timedelta(seconds=LONGEST_AHEAD_S),
        "patience": timedelta(seconds=patience_s),
    }
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, values)
        row = cursor.fetchone()
        if row is not None:
            return Turn(granted=True, wait_s=max(0.0, row[0]))
        cursor.execute(LOOK, values)
        row = cursor.fetchone()
    return Turn(granted=False, wait_s=max(0.0, row[0]) if row else 0.0)
