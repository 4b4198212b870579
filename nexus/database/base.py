"""Django's backend, with a cheaper look at each connection that the pool lends.

While the server is away, everybody is told so at once: the pool would let each request
wait for its time limit, until no thread is left for those that need no database.
"""

import select
from functools import cached_property
from time import monotonic
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg.errors import ConnectionTimeout
from psycopg_pool import PoolTimeout

from nexus.database.kept import keep_plans
from nexus.database.outage import Outage

PATIENCE_S: Final = 5.0  # where all of the pool's are in use
OUTAGE: Final = Outage()


class DatabaseWrapper(base.DatabaseWrapper):
    @cached_property
    def keeps_plans(self) -> bool:
        """Say whether a statement may be prepared: a PgBouncer would not know of it."""
        return bool(self.pool)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return one that the server has not ended meanwhile.

        Django's own check asks the server, before each request. A restart, or a server
        that ended a connection for any reason, is seen at the socket without asking.
        """
        if not self.pool:
            return super().get_new_connection(conn_params)
        if OUTAGE.is_on and not self.pool.get_stats()["pool_available"]:
            look(conn_params)
        connection = self.borrow(conn_params)
        while has_ended(connection):
            self.pool.putconn(connection)  # which opens another in its place
            look(conn_params)
            connection = self.borrow(conn_params)
        return connection

    def borrow(self, conn_params: dict[str, Any]) -> Any:
        """Wait for one of the pool's, and see now and then whether there is hope."""
        give_up_at = monotonic() + PATIENCE_S
        while True:
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                try_beside(conn_params)
                if monotonic() > give_up_at:
                    raise

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> Any:
        """Prepare a new one: the pool calls this, by Django's hand, for each."""
        if self.keeps_plans:
            keep_plans(connection)
        return super()._configure_connection(connection)  # type: ignore[misc]  # as below

    def is_usable(self) -> bool:
        """Asked after an error; a server that takes no writes is not the right one."""
        return super().is_usable() and not takes_no_writes(self.connection)

    def _close(self) -> None:
        """End what leads to such a server, lest the pool lend it to the next one."""
        connection = self.connection
        if connection and self.errors_occurred and takes_no_writes(connection):
            connection.close()
        super()._close()  # type: ignore[misc]  # the stub knows nothing of it


def takes_no_writes(connection: psycopg.Connection[Any]) -> bool:
    """Say so of a server that was demoted, or not promoted yet; it tells unasked."""
    if connection.closed:
        return False
    told = connection.info.parameter_status
    return "on" in {told("in_hot_standby"), told("default_transaction_read_only")}


def has_ended(connection: psycopg.Connection[Any]) -> bool:
    """Say whether the server has gone; on an idle connection it says nothing else."""
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
        while poll.poll(0):
            connection.pgconn.consume_input()  # its last words, and then the end
    except psycopg.OperationalError:
        return True
    return False


def try_beside(conn_params: dict[str, Any]) -> None:
    """Connect beside the pool; raises OperationalError where that fails.

    That is an outage where it takes its time: a server that refuses at once may only
    have too many connections.
    """
    try:
        psycopg.connect(**conn_params).close()
    except ConnectionTimeout:
        OUTAGE.begin()
        raise


def look(conn_params: dict[str, Any]) -> None:
    """Do so for all threads; raises OperationalError while nobody answers."""
    if not OUTAGE.may_look():
        raise psycopg.OperationalError("the server did not answer a moment ago")
    answers = False
    try:
        psycopg.connect(**conn_params).close()
        answers = True
    finally:
        if answers:
            OUTAGE.end()
        else:
            OUTAGE.begin()
