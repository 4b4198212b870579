"""TMDb is left alone while it fails: by all processes with Valkey, else by each."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from time import monotonic

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from pytest_django import Settings

from nexus import valkey
from nexus.catalog import breaker as module
from nexus.catalog.breaker import Breaker, Ending, Outcome, Permit, State
from nexus.catalog.cache import LOCAL
from tests.servers import free_port
from tests.together import together

T = 1_000_000.0  # some moment
FAILURE: list[Outcome] = ["failure"]
NONSENSE: list[Outcome] = ["nonsense"]
REJECTED: list[Outcome] = ["rejected"]
MIXED: list[Outcome] = ["success", "failure"]
LATE: list[Outcome] = ["failure", "timeout"]
TWO_OF_THREE: list[Outcome] = ["failure", "failure", "success"]


@pytest.fixture(params=["shared", "alone"], autouse=True)
def place(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Where its state is: in Valkey, or in the process."""
    if request.param == "alone":
        settings.VALKEY_URL = ""
    return str(request.param)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("tmdb.test")


def tell(breaker: Breaker, *outcomes: Outcome, at_s: float = T) -> None:
    for outcome in outcomes:
        breaker.record(Ending(outcome), now_s=at_s)


def open_it(breaker: Breaker) -> float:
    """Open the breaker at T; return the moment from which one may try."""
    tell(breaker, *FAILURE * 5)
    return breaker.state().until_s


def is_closed(breaker: Breaker, *, at_s: float = T) -> bool:
    return breaker.admit(now_s=at_s) == Permit(granted=True)


def test_it_works(breaker: Breaker) -> None:
    tell(breaker, "success", "failure", "timeout")

    assert is_closed(breaker)
    assert breaker.state().is_failing


def test_five_failures_in_a_row_open_it(breaker: Breaker) -> None:
    tell(breaker, *FAILURE * 4)
    assert is_closed(breaker)

    tell(breaker, "failure")

    permit = breaker.admit(now_s=T)
    assert not permit.granted
    assert 1.5 <= permit.wait_s <= 2.0


def test_failures_in_a_row_may_be_rare(breaker: Breaker) -> None:
    for minute in range(5):
        tell(breaker, "failure", at_s=T + 60 * minute)

    assert breaker.state().is_open


def test_a_success_between_failures_keeps_it_closed(breaker: Breaker) -> None:
    tell(breaker, *FAILURE * 4, "success", *FAILURE * 4)

    assert is_closed(breaker)


def test_three_timeouts_in_a_window_open_it(breaker: Breaker) -> None:
    tell(breaker, "timeout", "success", "timeout", "success")
    assert is_closed(breaker)

    tell(breaker, "timeout", at_s=T + 9)

    assert breaker.state().is_open


def test_three_timeouts_in_two_windows_do_not(breaker: Breaker) -> None:
    tell(breaker, "timeout", "success", "timeout", "success")

    tell(breaker, "timeout", at_s=T + 11)

    assert is_closed(breaker)


def test_more_failures_than_successes_open_it(breaker: Breaker) -> None:
    tell(breaker, *TWO_OF_THREE * 3)
    assert is_closed(breaker)

    tell(breaker, "failure")

    assert breaker.state().is_open


def test_as_many_failures_as_successes_do_not(breaker: Breaker) -> None:
    tell(breaker, *MIXED * 20)

    assert is_closed(breaker)


def test_unreadable_answers_open_it_by_their_share_only(breaker: Breaker) -> None:
    tell(breaker, *NONSENSE * 9)
    assert is_closed(breaker)
    assert (breaker.state().is_failing, breaker.state().is_out) == (True, False)

    tell(breaker, "nonsense")

    assert breaker.state().is_open


def test_an_answer_that_can_be_read_ends_that(breaker: Breaker) -> None:
    tell(breaker, "nonsense", "success")

    assert not breaker.state().is_failing


def test_it_opens_at_once_for_as_long_as_tmdb_asks(breaker: Breaker) -> None:
    breaker.record(Ending("failure", asked_s=7), now_s=T)

    assert breaker.state().until_s == T + 7
    assert not breaker.admit(now_s=T + 6.9).granted
    assert breaker.admit(now_s=T + 7).is_probe


def test_many_who_are_asked_to_wait_wait_once(breaker: Breaker) -> None:
    for _ in range(10):
        breaker.record(Ending("failure", asked_s=1), now_s=T)

    assert breaker.state().rest_s == 2


def test_it_does_not_wait_for_hours(breaker: Breaker) -> None:
    breaker.record(Ending("failure", asked_s=3600), now_s=T)

    assert breaker.admit(now_s=T + 30).is_probe


def test_it_remembers_that_the_key_was_rejected(breaker: Breaker) -> None:
    tell(breaker, *REJECTED * 5)
    assert breaker.admit(now_s=T).is_key_rejected

    breaker.record(Ending("failure", was_probe=True), now_s=T)

    assert not breaker.admit(now_s=T).is_key_rejected


def test_a_look_takes_nothing(breaker: Breaker) -> None:
    until_s = open_it(breaker)

    looks = [breaker.look(now_s=until_s) for _ in range(3)]

    assert all(look.granted for look in looks)
    assert not breaker.look(now_s=until_s - 0.1).granted
    assert breaker.admit(now_s=until_s).is_probe


def test_nobody_asks_while_it_rests(breaker: Breaker) -> None:
    until_s = open_it(breaker)

    permits = [breaker.admit(now_s=T + s / 10) for s in range(15)]

    assert not any(permit.granted for permit in permits)
    assert permits[5].wait_s == pytest.approx(until_s - T - 0.5)


def test_one_of_many_tries_after_the_rest(breaker: Breaker) -> None:
    until_s = open_it(breaker)

    permits = together(*[partial(breaker.admit, now_s=until_s)] * 16)

    granted = [permit for permit in permits if permit.granted]
    assert granted == [Permit(granted=True, is_probe=True)]
    assert all(permit.wait_s > 0 for permit in permits if not permit.granted)


def test_the_one_who_tries_is_waited_for(breaker: Breaker) -> None:
    until_s = open_it(breaker)
    breaker.admit(now_s=until_s)

    assert not breaker.admit(now_s=until_s + 4.9).granted


def test_another_tries_when_the_one_was_lost(breaker: Breaker) -> None:
    until_s = open_it(breaker)
    breaker.admit(now_s=until_s)

    assert breaker.admit(now_s=until_s + 5.0).is_probe


def test_failed_tries_double_the_rest(breaker: Breaker) -> None:
    at_s, rests = open_it(breaker), [breaker.state().rest_s]

    for _ in range(5):
        assert breaker.admit(now_s=at_s).is_probe
        breaker.record(Ending("failure", was_probe=True), now_s=at_s)
        state = breaker.state()
        assert 0.75 <= (state.until_s - at_s) / state.rest_s <= 1
        at_s = state.until_s
        rests.append(state.rest_s)

    assert rests == [2, 4, 8, 15, 15, 15]


def test_a_try_that_succeeds_closes_it(breaker: Breaker) -> None:
    until_s = open_it(breaker)
    breaker.admit(now_s=until_s)

    breaker.record(Ending("success", was_probe=True), now_s=until_s)

    assert is_closed(breaker, at_s=until_s)
    assert not breaker.state().is_failing


def test_after_closing_it_counts_anew(breaker: Breaker) -> None:
    until_s = open_it(breaker)
    breaker.record(Ending("success", was_probe=True), now_s=until_s)

    tell(breaker, *FAILURE * 4, at_s=until_s)
    assert is_closed(breaker, at_s=until_s)
    tell(breaker, "failure", at_s=until_s)

    assert breaker.state().rest_s == 2


def test_calls_from_before_do_not_prolong_the_rest(breaker: Breaker) -> None:
    until_s = open_it(breaker)

    tell(breaker, *LATE * 5, at_s=T + 1)

    assert breaker.state().until_s == until_s
    assert breaker.state().rest_s == 2


def test_a_success_from_before_does_not_end_the_rest(breaker: Breaker) -> None:
    until_s = open_it(breaker)

    tell(breaker, "success", at_s=T + 1)

    assert breaker.state().until_s == until_s


def test_no_outcome_is_lost(breaker: Breaker) -> None:
    together(*[lambda: tell(breaker, "success")] * 20)

    assert breaker.state().calls == 20


def test_its_state_is_shared_where_it_can_be(breaker: Breaker, place: str) -> None:
    open_it(breaker)

    in_another_process = Breaker("tmdb.test")
    LOCAL.clear()

    assert is_closed(in_another_process) == (place == "alone")
    assert is_closed(Breaker("another.test"))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nonsense",
        b"\xff",
        "[1]",
        "5",
        "null",
        '{"failed": 9}',
        '{"in_a_row": 9, "failed": 9}',
        '{"rest_s": "long"}',
        '{"until_s": null}',
        '{"rest_s": [1]}',
    ],
)
def test_what_another_version_wrote_is_ignored(
    breaker: Breaker, raw: bytes | str
) -> None:
    LOCAL.set(breaker.key, raw)
    with suppress(valkey.ValkeyDown):
        valkey.ask(lambda client: client.set(breaker.key, raw))

    assert breaker.state() == State()
    assert is_closed(breaker)
    tell(breaker, "failure")
    assert breaker.state().failures == 1


def test_it_goes_on_alone_when_valkey_goes_away(
    breaker: Breaker, settings: Settings
) -> None:
    open_it(breaker)
    settings.VALKEY_URL = f"valkey://127.0.0.1:{free_port()}/0"

    tell(breaker, *FAILURE * 5)

    assert not breaker.admit(now_s=T).granted


def test_an_old_failure_says_nothing(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_S", 0.05)
    tell(breaker, "failure")

    give_up_at = monotonic() + 20
    while breaker.state().is_failing:
        assert monotonic() < give_up_at


# How soon it notices that TMDb is back

OUTAGES = st.lists(
    st.tuples(
        st.floats(0, 3),  # seconds since the call before
        st.sampled_from(["failure", "timeout", "lost"]),
        st.floats(0, 4),  # seconds until it fails
    ),
    min_size=5,
    max_size=150,
)


def play(breaker: Breaker, outage: list[tuple[float, str, float]]) -> float:
    """Play calls during an outage and after it; return how long it was noticed."""
    order = count()
    events: list[tuple[float, int, str, bool]] = []
    at_s = T
    for gap_s, outcome, lasts_s in outage:
        at_s += gap_s
        hear(breaker, events, until_s=at_s)
        permit = breaker.admit(now_s=at_s)
        if permit.granted and outcome != "lost":
            event = (at_s + lasts_s, next(order), outcome, permit.is_probe)
            heappush(events, event)
    back_s = at_s
    for at_s in ticks(back_s):
        hear(breaker, events, until_s=at_s)
        if breaker.admit(now_s=at_s).granted:
            break
    return at_s - back_s


def hear(
    breaker: Breaker, events: list[tuple[float, int, str, bool]], *, until_s: float
) -> None:
    while events and events[0][0] <= until_s:
        at_s, _, outcome, was_probe = heappop(events)
        told: Outcome = "timeout" if outcome == "timeout" else "failure"
        breaker.record(Ending(told, was_probe=was_probe), now_s=at_s)


def ticks(from_s: float) -> Iterator[float]:
    return (from_s + tick / 10 for tick in range(1, 1000))


@trying(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(outage=OUTAGES)
def test_it_notices_within_seconds_that_tmdb_is_back(
    outage: list[tuple[float, str, float]],
) -> None:
    breaker = Breaker("tmdb.test")
    LOCAL.clear()
    with suppress(valkey.ValkeyDown):
        valkey.ask(lambda client: client.delete(breaker.key))

    noticed_s = play(breaker, outage)

    assert noticed_s <= 20.5  # the longest rest, and one call that was lost
