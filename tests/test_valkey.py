"""One door to Valkey: whoever uses it goes on without a server that fails."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from time import monotonic

import pytest
from pytest_django import Settings
from redis import Redis

from nexus import valkey
from nexus.valkey import Script, Valkey, ValkeyDown
from tests.together import together
from tests.valkey_process import ValkeyProcess


@pytest.fixture
def server() -> Iterator[ValkeyProcess]:
    with ValkeyProcess() as process:
        yield process


@pytest.fixture
def door(server: ValkeyProcess) -> Valkey:
    return Valkey(server.url)


COUNT = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


def count(door: Valkey, by: int = 1) -> int:
    return int(door.run(COUNT, keys=["times"], arguments=[by]))


def connections(door: Valkey) -> int:
    """How many the server has had, this one's included."""
    info = door.ask(lambda client: client.info("stats"))
    return int(info["total_connections_received"])


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


def test_it_runs_scripts(door: Valkey) -> None:
    assert [count(door, by=2), count(door)] == [2, 3]


def test_there_may_be_none_to_run_a_script(settings: Settings) -> None:
    settings.VALKEY_URL = ""

    with pytest.raises(ValkeyDown):
        valkey.run(COUNT, keys=["times"], arguments=[1])


def test_it_keeps_connections_for_scripts(door: Valkey) -> None:
    for _ in range(2):  # the first one does not know the script yet
        count(door)
    before = connections(door)

    for _ in range(10):
        count(door)

    assert connections(door) == before


def test_scripts_of_many_threads_do_not_mix_up(door: Valkey) -> None:
    counted = together(*[lambda: [count(door) for _ in range(20)]] * 8)

    assert sorted(chain(*counted)) == list(range(1, 161))


def test_scripts_survive_a_restart(server: ValkeyProcess, door: Valkey) -> None:
    together(*[lambda: count(door)] * 4)
    server.kill()
    server.start()

    assert [count(door) for _ in range(8)] == list(range(1, 9))


def test_a_script_that_fails_is_a_failure(door: Valkey) -> None:
    with pytest.raises(ValkeyDown):
        door.run(Script("no Lua"), keys=[], arguments=[])

    assert door.is_down


def test_it_does_not_repeat_a_script_that_may_have_run(
    server: ValkeyProcess, door: Valkey
) -> None:
    count(door)
    count(door)
    server.hang()
    with suppress(ValkeyDown):
        count(door)
    server.go_on()

    wait_until_it_answers(door)

    assert count(door) in {3, 4}


def test_an_answer_that_came_too_late_is_nobody_elses(
    server: ValkeyProcess, door: Valkey
) -> None:
    count(door)
    count(door)
    server.hang()
    with suppress(ValkeyDown):
        count(door, by=100)
    server.go_on()
    wait_until_it_answers(door)

    assert count(door, by=1000) >= 1002


def test_a_forked_process_has_connections_of_its_own(door: Valkey) -> None:
    mine = door.exchange("CLIENT", "ID")

    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writer, str(door.exchange("CLIENT", "ID")).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    theirs = int(os.read(reader, 20))
    assert theirs != mine
    assert door.exchange("CLIENT", "ID") == mine
