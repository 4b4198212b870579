"""The drill knows what callers may be told, and holds each write against its row."""

import random
from http.client import HTTPConnection

import pytest

from bench.drill.parts import PARTS, Part
from bench.drill.probe import Probe
from bench.drill.writer import Writer, kind_of, rating, send
from bench.load.wrk import Ask
from bench.mix.caller import Somebody
from bench.people import Tokens
from nexus.lib.seldom import Seldom
from tests.servers import free_port

MEMBER = Somebody(7, "member@example.org", Tokens("access", "refresh"))
BROKEN = "no answer (ConnectionResetError)"


def part(name: str) -> Part:
    return next(one for one in PARTS if one.name == name)


def writer() -> Writer:
    films, mails = range(1, 50), Seldom(1e-9)
    return Writer(free_port(), [MEMBER], films, mails, seed=1)


def test_only_an_error_that_says_when_to_come_back_is_allowed() -> None:
    told = b'{"code": "database_unavailable"}'
    database = part("PostgreSQL")

    assert database.allows(kind_of(503, told, "5"))
    assert not database.allows(kind_of(503, told, None))
    assert not database.allows(kind_of(500, b"<html>", None))


def test_who_was_being_served_by_what_died_gets_nothing() -> None:
    assert part("a web process").allows(BROKEN)
    assert not part("PostgreSQL").allows(BROKEN)
    assert not part("Valkey").allows(BROKEN)


@pytest.mark.parametrize("what", ["viewing", "playlist", "mail"])
def test_no_two_writes_are_the_same(what: str) -> None:
    chosen, somebody = random.Random(1), writer()  # noqa: S311  nothing is hidden

    writes = [somebody.next_write(chosen) for _ in range(500)]

    keys = [one.key for one in writes if one.what == what]
    assert len(keys) == len(set(keys)) > 5


def test_a_rating_is_known_by_its_review_and_stars() -> None:
    write = rating(MEMBER, 603, 12, stars=4.5)

    assert write.key == (7, 603)
    assert divmod(write.value, 16) == (12, 9)
    assert write.ask.method == "PUT"


def test_nobody_at_the_port_is_an_answer_too() -> None:
    port = free_port()
    answer = send(HTTPConnection("127.0.0.1", port), Ask("/", method="POST"))

    assert (answer.is_done, answer.kind) == (
        False,
        "no answer (ConnectionRefusedError)",
    )
    assert not Probe(port).lives()
