"""One door to Valkey: whoever uses it goes on without a server that fails."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

import pytest
from pytest_django import Settings
from redis import Redis

from nexus import valkey
from nexus.valkey import Valkey, ValkeyDown
from tests.together import together
from tests.valkey_process import ValkeyProcess


@pytest.fixture
def server() -> Iterator[ValkeyProcess]:
    with ValkeyProcess() as process:
        yield process


@pytest.fixture
def door(server: ValkeyProcess) -> Valkey:
    return Valkey(server.url)


class Calls:
    """Counts how often the server was really asked."""

    def __init__(self) -> None:
        self.made: list[None] = []

    def __call__(self, client: Redis) -> object:
        self.made.append(None)
        return client.ping()


def fails(door: Valkey, call: Callable[[Redis], object] = Redis.ping) -> bool:
    try:
        door.ask(call)
    except ValkeyDown:
        return True
    return False


def wait_until_it_answers(door: Valkey) -> None:
    give_up_at = monotonic() + 20
    while fails(door):
        assert monotonic() < give_up_at


def test_it_works(door: Valkey) -> None:
    assert door.ask(lambda client: client.set("key", "value"))
    assert door.ask(lambda client: client.get("key")) == b"value"


def test_it_asks_the_configured_one(server: ValkeyProcess, settings: Settings) -> None:
    settings.VALKEY_URL = server.url

    port = valkey.ask(lambda client: client.config_get("port"))

    assert port == {"port": str(server.port)}


def test_there_may_be_none(settings: Settings) -> None:
    settings.VALKEY_URL = ""

    with pytest.raises(ValkeyDown):
        valkey.ask(Redis.ping)


def test_it_survives_a_restart(server: ValkeyProcess, door: Valkey) -> None:
    door.ask(Redis.ping)
    server.kill()
    server.start()

    assert door.ask(Redis.ping)


def test_it_leaves_a_dead_server_alone(server: ValkeyProcess, door: Valkey) -> None:
    server.kill()
    calls = Calls()

    assert all(fails(door, calls) for _ in range(20))

    assert len(calls.made) == 1


def test_it_takes_a_refusal_for_a_failure(door: Valkey) -> None:
    assert fails(door, lambda client: client.eval("no Lua", 0))


def test_one_tries_again_after_the_rest(server: ValkeyProcess, door: Valkey) -> None:
    server.hang()
    fails(door)
    calls = Calls()
    door.rests_until_s = 0

    assert all(together(*[lambda: fails(door, calls)] * 8))

    assert len(calls.made) == 1


def test_it_tells_once_that_the_server_is_down(
    server: ValkeyProcess, door: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    server.hang()

    together(*[lambda: fails(door)] * 8)
    door.rests_until_s = 0
    together(*[lambda: fails(door)] * 8)

    assert caplog.messages == ["the cache is down: TimeoutError"]


def test_it_tells_that_the_server_is_up_again(
    server: ValkeyProcess, door: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    fails(door)
    server.start()

    wait_until_it_answers(door)

    assert caplog.messages == [
        "the cache is down: ConnectionError",
        "the cache is up again",
    ]


def test_it_does_not_repeat_what_may_have_been_done(
    server: ValkeyProcess, door: Valkey
) -> None:
    door.ask(Redis.ping)
    server.hang()
    with suppress(ValkeyDown):
        door.ask(lambda client: client.incr("times"))
    server.go_on()

    wait_until_it_answers(door)

    assert door.ask(lambda client: client.get("times")) in {None, b"1"}
