"""A server that falls silent keeps nobody waiting for long."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from nexus.database.base import DatabaseWrapper
from nexus.database.options import NOTICING, STATEMENT_LIMIT_S, limited
from nexus.env import PROJECT_DIR
from tests.database.relay import Relay

OWN_NETWORK = ("unshare", "-rn")
TOOLS = ("unshare", "nsenter", "ip")
IS_NOTICED_S = 30.0  # of eleven, on a machine that has much else to do
LIMIT_S = 180.0

pytestmark = pytest.mark.django_db


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay("127.0.0.1", Path(connection.settings_dict["HOST"])) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def test_each_connection_is_told_to_notice(relay: Relay) -> None:
    place = connection.settings_dict | {"HOST": "127.0.0.1", "PORT": str(relay.port)}
    wrapper = DatabaseWrapper(place, alias="default")
    wrapper.ensure_connection()
    assert wrapper.connection is not None

    with socket.socket(fileno=os.dup(wrapper.connection.fileno())) as found:
        numbers = [
            found.getsockopt(level, option)
            for level, option in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
        ]

    wrapper.close()
    assert numbers == [1, 5, 2, 3, 10_000]


def test_all_that_connects_takes_these_options() -> None:
    assert settings.DATABASES["default"]["OPTIONS"].items() >= NOTICING.items()
    assert connection.get_connection_params().items() >= NOTICING.items()


def test_a_statement_of_a_web_process_has_a_limit() -> None:
    params = connection.get_connection_params()

    with psycopg.connect(**params | {"options": limited()}) as limited_one:
        limit = limited_one.execute("SHOW statement_timeout").fetchone()
    own = limited("-c statement_timeout=0 -c work_mem=8MB")
    with psycopg.connect(**params | {"options": own}) as other:
        set_besides = other.execute("SHOW statement_timeout").fetchone()

    assert limit == (f"{STATEMENT_LIMIT_S // 60}min",)
    assert set_besides == ("0",)


def has_namespaces() -> bool:
    if any(shutil.which(tool) is None for tool in TOOLS):
        return False
    words = ["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]
    return (
        subprocess.run(
            [*OWN_NETWORK, *words], capture_output=True, check=False
        ).returncode
        == 0
    )


@pytest.mark.installation
def test_requests_are_refused_while_a_server_is_silent(tmp_path: Path) -> None:
    if not has_namespaces():
        pytest.skip("this system lets nobody make a network of their own")
    place = connection.settings_dict
    words = [sys.executable, "-m", "tests.database.far_away"]

    done = subprocess.run(
        [*OWN_NETWORK, *words, place["HOST"], place["NAME"]],
        cwd=PROJECT_DIR,
        env={"PATH": os.environ["PATH"], "NEXUS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["limit"] == f"{STATEMENT_LIMIT_S // 60}min"
    before, *meanwhile, after = told["rounds"]
    assert (before["statuses"], after["statuses"]) == ([200], [200])
    assert [one["statuses"] for one in meanwhile] == [[503]] * len(meanwhile)
    assert max(one["seconds"][-1] for one in meanwhile) < IS_NOTICED_S
    *_, others, _ = meanwhile[-1]["seconds"]  # but for the one who looks
    assert others < NOTICING["connect_timeout"]
    assert done.stderr.count("answered database_unavailable") < 10
    assert "Traceback" not in done.stderr
