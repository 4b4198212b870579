"""Word to all processes that something of the catalogue is different now.

Triggers of the tables send it (migration 0007), as part of the change: it arrives with
the commit, and not without it, whoever made the change and however. What is not in a
table is announced by hand.
"""

from typing import Final

from django.db import connection

CHANNEL: Final = "nexus_catalogue"


def announce() -> None:
    """Tell of a change that no trigger sees; sent when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
