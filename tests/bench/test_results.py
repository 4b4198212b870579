"""Whether a goal is met is decided by medians, and never in spite of a failure."""

from typing import Any

from bench.load.goals import Goal
from bench.load.profile import hottest, request_in
from bench.load.results import Result, Turns, line_of, summed_up, unanswered
from bench.load.wrk import Ask, Load, load_in

LIMIT = Load(10_000, 1.0, 0, 0, 1.0, 2.0, 3.0)
FINE = Load(1_100, 1.0, 0, 0, 5.0, 20.0, 30.0)
SLOW = Load(900, 1.0, 0, 0, 5.0, 30.0, 40.0)
FAILED = Load(1_100, 1.0, 1, 0, 5.0, 20.0, 30.0)
CPU = {"web": 1.0, "database": 1.0, "cache": 0.0}
GOAL = Goal(name="x", asks=lambda _: [], share=0.1, p95_ms=25.0)


def result(goal: Goal, *loads: Load, earlier: tuple[Result, ...] = ()) -> Result:
    limits = [LIMIT] * 3 if goal.share else []
    turns = Turns(limits=limits, loads=list(loads), spent=[CPU] * 3)
    return summed_up(goal, turns, earlier)


def test_it_takes_the_medians() -> None:
    met, missed = result(GOAL, FINE, SLOW, FINE), result(GOAL, SLOW, SLOW, FINE)

    assert (met.is_met, met.share) == (True, 0.11)
    assert met.goal == ">= 0.1 of the limit, p95 <= 25 ms"
    assert missed.is_met is False
    assert "0.110" in line_of(met)
    assert "MISSED" in line_of(missed)


def test_one_refused_answer_misses_the_goal() -> None:
    broken = result(GOAL, FINE, FAILED, FINE)

    assert broken.is_met is False
    assert "1 refused" in line_of(broken)


def test_it_compares_with_an_earlier_row() -> None:
    first = result(Goal(name="page 1", asks=lambda _: []), FINE, FINE, FINE)
    three = Goal(name="page 500", asks=lambda _: [], times=(3, "page 1"))
    less = Goal(name="page 500", asks=lambda _: [], times=(0.9, "page 1"))

    assert result(three, FINE, FINE, FINE, earlier=(first,)).is_met
    assert not result(less, FINE, FINE, FINE, earlier=(first,)).is_met
    assert not result(three, FINE, FINE, FINE).is_met


def test_no_answer_is_no_goal_met() -> None:
    assert "0 refused, 1 lost" in line_of(unanswered(GOAL))
    assert unanswered(GOAL).is_met is False


def test_a_round_without_answers_misses_the_goal() -> None:
    none = Load(0, 1.0, 0, 0, 0.0, 0.0, 0.0)

    assert not result(Goal(name="x", asks=lambda _: [], p95_ms=25.0), none).is_met


def test_it_reads_what_the_script_of_wrk_writes() -> None:
    told = (
        "Running 1s test @ http://127.0.0.1:1\n  2 threads and 16 connections\n"
        'RESULT {"requests": 1100, "seconds": 1.000000, "refused": 0, "lost": 0,'
        ' "p50_ms": 5.000000, "p95_ms": 20.000000, "p99_ms": 30.000000}\n'
    )

    assert load_in(told) == FINE


def test_the_script_of_wrk_gets_a_line_for_each_request() -> None:
    step = Ask("/a?b=1", "token", "PUT", '{"stars": 5}', is_step=True)

    assert step.line == 'PUT\t/a?b=1\ttoken\tstep\t{"stars": 5}'
    assert Ask("/a").line == "GET\t/a\t\t\t"


def test_a_profile_names_what_an_answer_costs() -> None:
    def busy() -> int:
        return sum(number * number for number in range(500))

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [str(busy()).encode()]

    line = Ask("/api/movies/?page=2", "token", "PUT", "{}").line

    told = list(hottest(application, [request_in(line) for _ in range(120)]))

    assert any("<genexpr> (tests/bench/test_results.py" in one for one in told)
    assert request_in(line)["QUERY_STRING"] == "page=2"
    assert request_in(line)["wsgi.input"].read() == b"{}"
