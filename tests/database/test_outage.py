"""While the database is away, whoever asks is told so at once."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic

import pytest
from django.conf import settings
from django.db import OperationalError

from nexus.database import base
from nexus.database.base import DatabaseWrapper
from nexus.database.outage import PAUSE_S, Outage
from nexus.launch.errors import CannotStart
from nexus.launch.postgres import EmbeddedPostgres
from nexus.lib.home import Home

CALLERS = 40
LIMIT_S = 60.0
HURRIED = {"fsync": "off"}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_without_an_outage_anybody_may_look() -> None:
    outage = Outage()

    assert (outage.is_on, outage.may_look(), outage.may_look()) == (False, True, True)


def test_one_looks_for_all() -> None:
    clock = Clock()
    outage = Outage(clock=clock)

    outage.begin()

    assert (outage.is_on, outage.may_look()) == (True, False)
    clock.now_s += PAUSE_S
    assert [outage.may_look() for _ in range(3)] == [True, False, False]
    outage.begin()  # again: nobody answered
    assert not outage.may_look()
    clock.now_s += PAUSE_S
    assert outage.may_look()


def test_a_look_that_takes_long_is_the_only_one() -> None:
    clock = Clock()
    outage = Outage(clock=clock)
    outage.begin()
    clock.now_s += PAUSE_S
    assert outage.may_look()

    clock.now_s += 100 * PAUSE_S

    assert [outage.may_look() for _ in range(3)] == [False, False, False]
    outage.begin()
    clock.now_s += PAUSE_S
    assert [outage.may_look() for _ in range(2)] == [True, False]


def test_it_ends_for_all() -> None:
    outage = Outage(clock=Clock())
    outage.begin()

    outage.end()

    assert (outage.is_on, outage.may_look()) == (False, True)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    home = Home(tmp_path_factory.mktemp("outage"))
    with EmbeddedPostgres(home, settings=HURRIED) as found:
        yield found


@contextmanager
def wrapper(postgres: EmbeddedPostgres) -> Iterator[DatabaseWrapper]:
    """Connect as a thread of a web process does; the pool is of all of them."""
    place = {"HOST": str(postgres.home.socket_dir), "OPTIONS": {"pool": settings.POOL}}
    short_lived = {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    found = DatabaseWrapper(
        {**settings.DATABASES["default"], "NAME": "nexus", "USER": "nexus"}
        | {"PASSWORD": "", "PORT": "5432"}
        | place
        | short_lived,
        alias="default",  # whose pool nobody else uses in tests
    )
    try:
        yield found
    finally:
        found.close()


def ask(postgres: EmbeddedPostgres) -> str:
    with wrapper(postgres) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except OperationalError:
            return "away"
    return "there"


def ask_all(postgres: EmbeddedPostgres) -> Counter[str]:
    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(lambda _: ask(postgres), range(CALLERS)))


def start_again(postgres: EmbeddedPostgres) -> None:
    """Start it; what is left of the killed one may be in the way for a moment."""
    give_up_at = monotonic() + LIMIT_S
    while postgres.process is None:
        assert monotonic() < give_up_at
        with suppress(CannotStart):
            postgres.start()


@pytest.mark.django_db
def test_nobody_waits_for_a_server_that_is_away(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PATIENCE_S", 60 * LIMIT_S)  # nobody needs it
    assert ask_all(server) == {"there": CALLERS}
    assert server.process is not None
    server.process.send_signal(signal.SIGQUIT)  # it ends its backends, and then itself
    server.stop()

    while_away = ask_all(server)
    start_again(server)
    wait_until_there(server)

    assert while_away == {"away": CALLERS}
    assert ask_all(server) == {"there": CALLERS}
    with wrapper(server) as connection:
        connection.close_pool()
    assert not base.OUTAGE.is_on


def wait_until_there(postgres: EmbeddedPostgres) -> None:
    give_up_at = monotonic() + LIMIT_S
    while ask(postgres) == "away":
        assert monotonic() < give_up_at
