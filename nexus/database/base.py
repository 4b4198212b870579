"""Django's backend, with a cheaper look at each connection that the pool lends."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return one that the server has not ended meanwhile.

        Django's own check asks the server, before each request. A restart, or a server
        that ended a connection for any reason, is seen at the socket without asking.
        """
        connection = super().get_new_connection(conn_params)
        while self.pool and has_ended(connection):
            self.pool.putconn(connection)  # which opens another in its place
            connection = super().get_new_connection(conn_params)
        return connection


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
