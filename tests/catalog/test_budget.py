"""TMDb is asked at most 30 times a second; jobs take only what people leave."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TypeAlias

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from pytest_django import Settings

from nexus.catalog import budget
from nexus.catalog.budget import CALLS, LEFT_TO_PEOPLE, WINDOW_S, Turn
from nexus.catalog.models import TmdbCalls
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 1, 1, tzinfo=UTC)
LEFT_TO_JOBS = CALLS - LEFT_TO_PEOPLE

laws = trying(max_examples=30, deadline=None, derandomize=True, database=None)


WIDE_S = 50.0  # a window that does not end while a test runs, however slow the machine


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "WINDOW_S", WIDE_S)


def for_people(patience_s: float = 1_000.0) -> Turn:
    return budget.reserve(patience_s=patience_s, background=False)


def for_jobs(patience_s: float = 0.0) -> Turn:
    return budget.reserve(patience_s=patience_s, background=True)


def most_within(moments: list[float], window_s: float) -> int:
    """Return how many moments lie within some window, its end not included."""
    ordered = sorted(moments)
    return max(
        (
            sum(1 for moment in ordered if start <= moment < start + window_s)
            for start in ordered
        ),
        default=0,
    )


@pytest.mark.usefixtures("wide")
def test_it_works() -> None:
    turns = [for_people() for _ in range(3 * CALLS)]

    assert all(turn.granted for turn in turns)
    waits = [turn.wait_s for turn in turns]
    assert waits[:CALLS] == [0.0] * CALLS
    assert waits[CALLS:] == pytest.approx([WIDE_S] * 30 + [2 * WIDE_S] * 30, abs=20)


@pytest.mark.usefixtures("wide")
def test_jobs_leave_turns_to_people() -> None:
    jobs = [for_jobs() for _ in range(LEFT_TO_JOBS + 5)]
    people = [for_people() for _ in range(LEFT_TO_PEOPLE + 1)]

    assert [turn.granted for turn in jobs] == [True] * LEFT_TO_JOBS + [False] * 5
    assert all(0 < turn.wait_s <= WIDE_S for turn in jobs[LEFT_TO_JOBS:])
    assert [turn.wait_s for turn in people[:-1]] == [0.0] * LEFT_TO_PEOPLE
    assert people[-1].wait_s > 0


@pytest.mark.usefixtures("wide")
def test_jobs_have_no_turn_while_people_wait() -> None:
    for _ in range(2 * CALLS):
        for_people()

    assert not for_jobs().granted


@pytest.mark.usefixtures("wide")
def test_a_refused_call_uses_up_no_turn() -> None:
    for _ in range(CALLS):
        for_people()

    refused = [for_people(patience_s=0.0) for _ in range(3 * CALLS)]

    assert not any(turn.granted for turn in refused)
    assert all(0 < turn.wait_s <= WIDE_S for turn in refused)
    assert for_people().wait_s <= WIDE_S


@pytest.mark.usefixtures("wide")
def test_who_has_no_time_left_is_refused() -> None:
    assert not for_people(patience_s=-0.1).granted


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("with_valkey", [True, False])
def test_its_turns_are_those_of_all_processes(
    settings: Settings, with_valkey: bool
) -> None:
    if not with_valkey:
        settings.VALKEY_URL = ""
    for _ in range(CALLS):
        for_people()

    in_another_process = together(for_people)

    assert in_another_process[0].wait_s > 0


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    ahead = timezone.now() + timedelta(hours=2)
    TmdbCalls.objects.create(id=1, given=[ahead] * CALLS)

    turns = [for_people(patience_s=3.0) for _ in range(2 * CALLS)]

    assert all(turn.granted for turn in turns)
    assert turns[-1].wait_s > 0


def test_it_keeps_no_more_than_it_needs() -> None:
    for _ in range(2 * CALLS):
        for_people()

    assert len(TmdbCalls.objects.get().given) == CALLS


def test_turns_of_many_who_come_at_once_are_a_window_apart() -> None:
    seen: set[datetime] = set()

    def reserve() -> int:
        granted = 0
        for _ in range(10):
            granted += for_people().granted
            seen.update(TmdbCalls.objects.get().given)
        return granted

    granted = together(*[reserve] * 12)

    assert granted == [10] * 12
    assert len(seen) > CALLS
    moments = sorted(moment.timestamp() for moment in seen)
    assert most_within(moments, WINDOW_S - 1e-4) <= CALLS


# Laws, whoever comes when

Arrival: TypeAlias = tuple[float, bool, float]


@st.composite
def bursts(draw: st.DrawFn) -> list[Arrival]:
    """Make arrivals: seconds since the one before, of a job or not, and patience."""
    gap_s = draw(st.sampled_from([0.01, 0.1, 0.5, 1.0]) | st.floats(0, 1.2))
    background = draw(st.booleans())
    patience_s = draw(st.sampled_from([-1.0, 0.0, 0.5, 3.0, 60.0]))
    others = [(0.0, background, patience_s)] * draw(st.integers(0, 35))
    return [(gap_s, background, patience_s), *others]


ARRIVALS = st.lists(bursts(), max_size=20).map(lambda some: list(chain(*some)))


def play(arrivals: list[Arrival]) -> list[tuple[bool, float]]:
    """Return who has which moment, as (is background, seconds)."""
    TmdbCalls.objects.all().delete()
    now_s, given = 0.0, []
    for gap_s, background, patience_s in arrivals:
        now_s += gap_s
        # Jobs do not wait in the line: they come again.
        longest_s = min(patience_s, 0.0) if background else patience_s
        turn = budget.reserve(
            patience_s=longest_s,
            background=background,
            now=START + timedelta(seconds=now_s),
        )
        if turn.granted:
            assert 0 <= turn.wait_s <= longest_s
            given.append((background, now_s + turn.wait_s))
    return given


@laws
@given(arrivals=ARRIVALS)
def test_no_second_has_more_than_thirty(
    arrivals: list[Arrival],
) -> None:
    moments = [moment for _, moment in play(arrivals)]

    assert most_within(moments, 1.0) <= CALLS
    # The database counts in microseconds.
    assert moments == pytest.approx(sorted(moments), abs=1e-5)


@laws
@given(arrivals=ARRIVALS)
def test_a_job_has_a_turn_only_where_people_leave_one(
    arrivals: list[Arrival],
) -> None:
    given = play(arrivals)

    for place, (background, moment) in enumerate(given):
        until_then = [other for _, other in given[: place + 1]]
        lately = [one for one in until_then if moment - one < WINDOW_S - 1e-6]
        assert not background or len(lately) <= LEFT_TO_JOBS


@laws
@given(arrivals=ARRIVALS)
def test_whoever_may_wait_has_a_turn(
    arrivals: list[Arrival],
) -> None:
    people = [(gap_s, False, 1_000.0) for gap_s, _, _ in arrivals]

    assert len(play(people)) == len(people)
