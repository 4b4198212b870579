"""A worker whose port somebody else has."""

import socket
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


def test_it_says_that_the_port_is_taken(settings: Settings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        settings.METRICS_PORT = taken.getsockname()[1]

        with pytest.raises(CommandError, match="set METRICS_PORT to another") as caught:
            call_command("worker")

    assert caught.value.returncode == 2
