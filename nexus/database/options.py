"""How long connections wait for a server that says nothing.

By TCP alone that is a quarter of an hour, and for ever where nothing was being sent.
"""

from typing import Final

# Of every connection, unless DATABASE_URL says otherwise; a Unix socket has no use for
# them. They notice a machine or a network that is gone. They do not notice a server
# whose machine still answers for it, as one does whose disk hangs.
NOTICING: Final = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
# Of a web process's alone: migrations, training and backups may take what they need.
STATEMENT_LIMIT_S: Final = 60


def limited(options: str = "") -> str:
    """Return what to tell the server at the start: what was set besides comes last."""
    return f"-c statement_timeout={STATEMENT_LIMIT_S}s {options}".strip()
