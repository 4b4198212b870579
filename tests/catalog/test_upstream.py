"""How a call to TMDb is permitted, paced, counted and told."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from time import monotonic, time

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY
from pytest_django import Settings

from nexus.catalog import budget, upstream
from nexus.catalog.breaker import Ending, State
from nexus.catalog.models import TmdbCalls
from nexus.catalog.operations import get_movies
from nexus.catalog.upstream import ask_tmdb, in_background, one_limit
from nexus.lib.logs import JsonLines
from nexus.ratings import preferences
from nexus.tmdb import (
    Deadline,
    Tmdb,
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbNotConfigured,
    TmdbNotFound,
    TmdbThrottled,
    TmdbUnavailable,
    within,
)
from tests.catalog.errands import wait_until
from tests.client import Api
from tests.tmdb.shapes import people
from tests.tmdb_clients import impatience, own_clients
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

SOMEBODY = people("Keanu Reeves")
PATIENCE_S = 30.0  # of 64 threads on a busy machine

OUTCOMES = ["success", "not_found", "nonsense", "failure", "timeout"]


@pytest.fixture(scope="module", autouse=True)
def clients() -> Iterator[None]:
    with own_clients():
        yield


@pytest.fixture
def impatient() -> Iterator[None]:
    """Have less time than two calls take, once TMDb is slowed down."""
    with impatience(1.5):
        yield


SLOW_S = 0.8


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no turn come back while the test runs."""
    monkeypatch.setattr(budget, "WINDOW_S", 50.0)


def ask() -> object:
    return ask_tmdb("genres", Tmdb.genres)


def ask_so_that(outcome: str, tmdb: TmdbServer) -> None:
    """Make a call of the kind "movie" that ends so."""
    if outcome == "nonsense":
        tmdb.fail("html")
    if outcome == "failure":
        tmdb.fail("reset")
    if outcome == "timeout":
        tmdb.fail("hang")
    movie_id = 999_999 if outcome == "not_found" else 603
    try:
        with impatience(0.1) if outcome == "timeout" else nullcontext():
            ask_tmdb("movie", lambda client: client.movie(movie_id))
    except (TmdbNonsense, TmdbNotFound, TmdbUnavailable):
        assert outcome != "success"
    finally:
        tmdb.recover()


def take_turns(number: int, *, background: bool = False) -> None:
    for _ in range(number):
        assert budget.reserve(patience_s=0.0, background=background).granted


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"nexus_tmdb_{name}", labels) or 0.0


def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.msg == "asked TMDb"]


def test_it_works(tmdb: TmdbServer) -> None:
    assert ask()

    assert tmdb.calls["/genre/movie/list"] == 1


def test_it_needs_a_key() -> None:
    with pytest.raises(TmdbNotConfigured):
        ask()


def test_threads_share_one_client(tmdb: TmdbServer) -> None:
    clients = together(*[partial(upstream.client, tmdb.key, tmdb.url)] * 8)

    assert len(set(map(id, clients))) == 1


# What is told of it


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_tells_how_it_ended(
    tmdb: TmdbServer, caplog: pytest.LogCaptureFixture, outcome: str
) -> None:
    ask_so_that(outcome, tmdb)

    [record] = told(caplog)
    facts = vars(record)
    assert record.levelname == "INFO"
    assert (facts["kind"], facts["outcome"]) == ("movie", outcome)
    assert 0 <= facts["duration_ms"] < 20_000


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kind", ["key", "token"])
def test_no_line_tells_the_key(
    tmdb: TmdbServer,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    outcome: str,
    kind: str,
) -> None:
    settings.TMDB_API_KEY = getattr(tmdb, kind)
    caplog.set_level(logging.DEBUG, logger="nexus")

    ask_so_that(outcome, tmdb)
    for_logs = JsonLines()
    lines = [for_logs.format(record) for record in told(caplog)]

    assert f'"outcome": "{outcome}"' in lines[0]
    assert not any(settings.TMDB_API_KEY in line for line in lines)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_is_counted_by_kind_and_outcome(tmdb: TmdbServer, outcome: str) -> None:
    names = [(kind, end) for kind in ("movie", "person") for end in OUTCOMES]

    def counts() -> Counter[tuple[str, str]]:
        return Counter(
            {
                (kind, end): int(sample("calls_total", kind=kind, outcome=end))
                for kind, end in names
            }
        )

    before, timed = counts(), sample("call_duration_seconds_count", kind="movie")
    ask_so_that(outcome, tmdb)

    assert counts() - before == {("movie", outcome): 1}
    assert sample("call_duration_seconds_count", kind="movie") == timed + 1


# What becomes of TMDb's health


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_tells_the_breaker(tmdb: TmdbServer, outcome: str) -> None:
    ask_so_that(outcome, tmdb)

    state = upstream.breaker().state()
    is_bad = outcome in {"failure", "timeout", "nonsense"}
    assert upstream.is_failing() == is_bad
    assert (state.calls, state.failures) == (1, int(is_bad))
    assert state.timeouts == int(outcome == "timeout")


@pytest.mark.parametrize("outcome", ["success", "not_found"])
def test_any_answer_is_a_sign_of_health(tmdb: TmdbServer, outcome: str) -> None:
    ask_so_that("failure", tmdb)

    ask_so_that(outcome, tmdb)

    assert not upstream.is_failing()


def test_while_tmdb_keeps_failing_it_is_left_alone(tmdb: TmdbServer) -> None:
    for _ in range(5):
        ask_so_that("failure", tmdb)
    asked, before = len(tmdb.asked), sample("refusals_total", reason="breaker")

    with pytest.raises(TmdbUnavailable) as refused:
        ask()

    assert 1 <= refused.value.retry_after_s <= 2
    assert len(tmdb.asked) == asked
    assert sample("refusals_total", reason="breaker") == before + 1


def test_while_it_is_left_alone_the_key_stays_the_matter(tmdb: TmdbServer) -> None:
    tmdb.fail("401")
    for _ in range(5):
        with pytest.raises(TmdbKeyRejected):
            ask()

    with pytest.raises(TmdbKeyRejected):
        ask()

    assert len(tmdb.asked) == 5


def test_it_is_left_alone_for_as_long_as_it_asks(tmdb: TmdbServer) -> None:
    tmdb.fail("429", retry_after="20", times=1)
    with pytest.raises(TmdbThrottled):
        ask()

    with pytest.raises(TmdbUnavailable) as refused:
        ask()

    assert 15 <= refused.value.retry_after_s <= 20
    assert len(tmdb.asked) == 1


@pytest.mark.usefixtures("impatient")
def test_who_came_late_does_not_blame_it(tmdb: TmdbServer) -> None:
    tmdb.fail("hang")

    with within(Deadline(0.5, clock=monotonic)), pytest.raises(TmdbBusy):
        ask()

    assert len(tmdb.asked) == 1
    assert upstream.breaker().state() == State()


def test_an_error_of_our_own_says_nothing_of_it(tmdb: TmdbServer) -> None:
    with pytest.raises(ValueError, match="pages go from"):
        ask_tmdb("search", lambda client: client.search("x", page=0))

    assert upstream.breaker().state() == State()


def test_each_address_has_a_health_of_its_own(
    tmdb: TmdbServer, settings: Settings
) -> None:
    ask_so_that("failure", tmdb)

    settings.TMDB_API_URL = "http://another.test/3"

    assert not upstream.is_failing()


# Whose turn it is


def turns_taken() -> int:
    kept = TmdbCalls.objects.first()
    return len(kept.given) if kept else 0


@pytest.mark.parametrize("background", [False, True])
def test_each_try_takes_a_turn(tmdb: TmdbServer, background: bool) -> None:
    tmdb.fail("503", times=1)

    if background:
        with in_background():
            ask()
    else:
        ask()

    assert len(tmdb.asked) == 2
    assert turns_taken() == 2


@pytest.mark.usefixtures("one_window")
def test_who_would_wait_for_too_long_is_refused(
    tmdb: TmdbServer, caplog: pytest.LogCaptureFixture
) -> None:
    take_turns(30)
    before = sample("refusals_total", reason="budget")

    with pytest.raises(TmdbBusy) as refused:
        ask()

    assert 1 <= refused.value.retry_after_s <= 50
    assert sample("refusals_total", reason="budget") == before + 1
    assert not tmdb.asked
    assert not told(caplog)
    assert not upstream.is_failing()


@pytest.mark.usefixtures("one_window")
def test_jobs_leave_turns_to_people(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "PATIENCE_OF_JOBS_S", -1.0)
    take_turns(20, background=True)

    with in_background(), pytest.raises(TmdbBusy):
        ask()

    assert ask()


@pytest.mark.usefixtures("impatient")
def test_a_job_waits_for_longer_than_a_call_may_last(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "WINDOW_S", 0.6)
    take_turns(20, background=True)

    with in_background():
        assert ask()

    assert not upstream.is_failing()


def test_a_turn_of_a_job_is_nobody_elses(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the breaker let the job not use it."""
    for _ in range(5):
        ask_so_that("failure", tmdb)
    with in_background(), pytest.raises(TmdbUnavailable):
        ask()
    upstream.breaker().record(Ending("success", was_probe=True), now_s=0)
    before = turns_taken()

    ask()

    assert turns_taken() == before + 1


def test_it_may_be_left_alone_before_the_turn_comes(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "WINDOW_S", 1.0)
    take_turns(30)

    def open_meanwhile() -> None:
        wait_until(lambda: TmdbCalls.objects.get().given[-1] > timezone.now())
        upstream.breaker().record(Ending("failure", asked_s=20), now_s=time())

    def be_refused() -> None:
        with pytest.raises(TmdbUnavailable, match="keeps failing"):
            ask()

    together(be_refused, open_meanwhile)

    assert not tmdb.asked


# For how long


@pytest.mark.usefixtures("impatient")
def test_all_calls_of_a_block_share_its_limit(tmdb: TmdbServer) -> None:
    tmdb.slow_down(SLOW_S)

    with one_limit():
        ask()
        with pytest.raises(TmdbUnavailable):
            ask()
        with one_limit(), pytest.raises(TmdbUnavailable):
            ask()

    assert ask()


@pytest.mark.usefixtures("impatient")
def test_each_call_of_a_job_has_its_own(tmdb: TmdbServer) -> None:
    tmdb.slow_down(SLOW_S)

    with in_background(), one_limit():
        answers = [ask() for _ in range(3)]

    assert all(answers)


@pytest.mark.usefixtures("impatient")
def test_a_request_for_many_films_has_one_limit(tmdb: TmdbServer) -> None:
    tmdb.slow_down(SLOW_S)

    with pytest.raises(TmdbUnavailable):
        get_movies(movie_ids=[603, 604, 605], field="movies", now=timezone.now())

    assert len(tmdb.asked) == 2


@pytest.mark.usefixtures("impatient")
def test_preferences_have_one_limit(tmdb: TmdbServer) -> None:
    tmdb.slow_down(SLOW_S)

    with pytest.raises(TmdbUnavailable):
        preferences.resolve(people=[SOMEBODY], movies=[603], now=timezone.now())

    assert len(tmdb.asked) == 2


@pytest.mark.usefixtures("impatient")
def test_a_films_recommendations_have_one_limit(tmdb: TmdbServer) -> None:
    tmdb.slow_down(SLOW_S)

    answer = Api().get("/api/movies/603/recommendations/")

    assert answer.code == "tmdb_unavailable"
    assert len(tmdb.asked) == 2


def test_all_who_come_at_once_are_served_in_turns(tmdb: TmdbServer) -> None:
    began_s = monotonic()

    with impatience(PATIENCE_S):
        answers = together(*[ask] * 64)

    assert all(answers)
    assert len(tmdb.asked) == 64
    assert not tmdb.early(calls=budget.CALLS, window_s=budget.WINDOW_S, since=began_s)


def test_a_failure_counts_also_where_no_time_is_left_for_a_repeat(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    least_s = upstream.CALL_LIMIT_S - 0.6
    monkeypatch.setattr(upstream, "LEAST_FOR_ANSWER_S", least_s)
    tmdb.fail("503")
    tmdb.slow_down(0.65)

    with pytest.raises(TmdbUnavailable, match="503"):
        ask()

    assert len(tmdb.asked) == 1
    assert upstream.breaker().state().failures == 1
