"""The mix counts what was lost, and only that; and knows growth from noise."""

import os
import subprocess
import sys
from time import monotonic

from bench.mix.caller import Caller, Plan, Seen, Somebody
from bench.mix.ledger import Ledger, joined, lost_imports, lost_ratings
from bench.mix.run import kind_of, row_of
from bench.mix.watch import Watch, course_of, is_flat, look
from bench.people import Tokens
from nexus.lib.seldom import Seldom
from tests.servers import free_port


def test_the_last_acknowledged_value_must_be_stored() -> None:
    ledger = Ledger()
    for value in (6, 8):
        ledger.note((1, 603), value, is_answered=True)

    assert lost_ratings(ledger, {(1, 603): 8}) == []
    assert lost_ratings(ledger, {(1, 603): 6}) == ["member 1, film 603: 6 for {8}"]
    assert lost_ratings(ledger, {}) == ["member 1, film 603: None for {8}"]


def test_a_write_without_an_answer_may_have_happened_or_not() -> None:
    ledger = Ledger()
    ledger.note((1, 603), 6, is_answered=True)
    ledger.note((1, 603), 8, is_answered=False)
    ledger.note((1, 604), 8, is_answered=False)

    assert lost_ratings(ledger, {(1, 603): 6}) == []
    assert lost_ratings(ledger, {(1, 603): 8}) == []
    assert len(lost_ratings(ledger, {(1, 604): 8})) == 1
    assert ledger.acknowledged == 1


def test_a_rating_taken_back_must_be_gone() -> None:
    ledger = Ledger()
    ledger.note((1, 603), 6, is_answered=True)
    ledger.note((1, 603), None, is_answered=True)

    assert ledger.rated_by(1) == []
    assert lost_ratings(ledger, {}) == []
    assert len(lost_ratings(ledger, {(1, 603): 6})) == 1


def test_an_answer_after_a_doubt_is_certain_again() -> None:
    ledger = Ledger()
    ledger.note((1, 603), 6, is_answered=True)
    ledger.note((1, 603), None, is_answered=False)
    in_doubt = ledger.rated_by(1)
    ledger.note((1, 603), 10, is_answered=True)

    assert (in_doubt, ledger.rated_by(1)) == ([], [603])
    assert len(lost_ratings(ledger, {(1, 603): 6})) == 1


def test_connections_are_reckoned_together() -> None:
    one, other = Ledger(imported={1}), Ledger(imported={2})
    one.note((1, 603), 6, is_answered=True)
    other.note((2, 603), 8, is_answered=True)

    whole = joined([one, other])

    assert whole.acknowledged == 2
    assert lost_ratings(whole, {(1, 603): 6, (2, 603): 8}) == []
    assert lost_imports(whole, [1]) == ["film 2"]


def test_memory_grows_where_the_end_is_above_the_middle() -> None:
    assert is_flat([50.0, 90.0] + [100.0] * 10)
    assert is_flat([100.0, 102.0, 99.0, 101.0] * 3)
    assert not is_flat([100.0 + 20 * n for n in range(12)])


def test_growth_is_judged_in_the_long_run_of_what_is_own() -> None:
    short = [{"at_s": n * 1.0, "web 1 own": 100.0 * n} for n in range(60)]
    long = [{"at_s": n * 5.0, "web 1 own": 1.0, "web 1 rss": n} for n in range(60)]

    course = course_of(long)

    assert course_of(short)["web 1 own"]["is_flat"] is None
    assert course["web 1 own"]["is_flat"] is True
    assert course["web 1 rss"] == {
        "first": 0,
        "half": 30,
        "last": 59,
        "peak": 59,
        "is_flat": None,
    }


def test_answers_are_told_by_kind() -> None:
    seen = Seen()
    for number in range(1, 101):
        seen.add("list", 200, float(number), b"")
    seen.add("rating", 201, 1.0, b"")
    seen.add("rating", 503, 1.0, b"busy")

    assert row_of(seen, "list") == {
        "count": 100,
        "p50_ms": 50.0,
        "p95_ms": 95.0,
        "p99_ms": 99.0,
        "statuses": {"200": 100},
    }
    assert seen.examples == ["rating: 503 b'busy'"]


def test_the_log_is_summed_up_by_events() -> None:
    line = '{"event": "the database is away", "level": "error", "exception": "..."}'

    assert kind_of(line) == "error: the database is away"
    assert kind_of("[WARNING] of the web server") == ""
    assert kind_of(line[:30]) == ""


def test_any_other_answer_than_the_right_one_is_a_failure() -> None:
    seen = Seen()
    for what, status in (
        ("list", 200),
        ("film", 404),
        ("rating", 201),
        ("rating taken back", 200),
        ("import", 503),
        ("feed", 0),
        ("renewal", 0),
    ):
        seen.add(what, status, 1.0, b"")

    assert seen.failed() == 5
    assert seen.never_done() == [
        "film",
        "search",
        "feed",
        "match score",
        "rating taken back",
        "import",
    ]
    assert "search" not in seen.statuses  # nothing is told of it


def test_a_renewal_that_fails_is_counted_and_the_caller_goes_on() -> None:
    old = Tokens("access", "refresh", monotonic() - 1_000)
    somebody = Somebody(1, "member1@example.org", old)
    plan = Plan(free_port(), [603], {}, Seldom(1))
    caller = Caller(plan, [somebody], seed=1)

    caller.renew(somebody)

    assert caller.seen.failed() == 1
    assert somebody.tokens == old
    assert somebody.is_spent


def test_a_process_that_ended_is_named_once() -> None:
    found = Watch()
    words = [sys.executable, "-c", "input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        processes = {"web 1": os.getpid(), "web 2": process.pid}
        look(processes, found, at_s=0.0)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        for at_s in (1.0, 2.0):
            look(processes, found, at_s=at_s)

    assert found.gone == ["web 2"]
    assert len(course_of(found.samples)) == 6
    assert [len(one) for one in found.samples] == [7, 4, 4]
