"""Whatever is wrong with TMDb: what is stored is answered, and nothing wrong is kept.

The table at the end of the run tells what was answered, by fault and by what we held:
the status if it is not 200, the source, `*` for degraded, and when to come again.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.catalog import breaker, lists, operations, upstream
from nexus.catalog.models import Credit, Movie
from nexus.lib.errors import NexusError
from nexus.tmdb import fetch
from tests.client import Answer, Api
from tests.recommendations.shelf import (
    ALIEN,
    AMELIE,
    MATRIX,
    RELOADED,
    SEVEN,
    TITANIC,
    fill_shelf,
)
from tests.tmdb_clients import impatience, own_clients
from tests.tmdb_server import TmdbServer
from tests.tmdb_weather import FAULTS, HANGING, HARMLESS, Fault, Names, Weather

LIMIT_S = 30.0
SHORT_S = 0.3  # instead of the four seconds that a TMDb that hangs would cost


@pytest.fixture(scope="module", autouse=True)
def clients() -> Iterator[None]:
    with own_clients():
        yield


@pytest.fixture
def weather(
    tmdb: TmdbServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Weather]:
    """A TMDb that can be broken, and a product that soon tries again."""
    monkeypatch.setattr(fetch, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(breaker, "FIRST_REST_S", 0.05)
    monkeypatch.setattr(breaker, "LONGEST_REST_S", 0.2)
    monkeypatch.setattr(breaker, "LONGEST_ASKED_S", 0.2)
    monkeypatch.setattr(breaker, "PROBE_LIMIT_S", SHORT_S)
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    monkeypatch.setenv("no_proxy", "*")
    weather = Weather(tmdb, settings, names)
    with weather.servers:
        yield weather


def patience(fault: Fault) -> AbstractContextManager[None]:
    return impatience(SHORT_S) if fault.name in HANGING else nullcontext()


# What is asked


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One kind of question, of which an answer may be stored.

    `fresh`, `stale`, `starter` and `never` are things that can be asked for. `truth` is
    what TMDb tells of the last one, as long as it is well.
    """

    name: str
    ask: Callable[[Api, Any], Answer]
    store: Callable[[Any, datetime], object]
    old: timedelta
    fresh: Any
    stale: Any
    never: Any
    truth: str
    has_fallback: bool = False
    starter: Any = None  # known from the starter catalogue only


def store_film(movie_id: int, now: datetime) -> None:
    Movie.objects.filter(id=movie_id).delete()  # the shelf's
    operations.refresh_movie(movie_id=movie_id, now=now)


TRENDING = Question(
    "trending",
    ask=lambda api, what: api.get("/api/movies/trending/", **what),
    store=lambda what, now: lists.trending_movies(
        **{"page": 1, "page_size": 20, "now": now} | what
    ),
    old=timedelta(hours=2),
    fresh={"window": "day"},
    stale={"window": "week"},
    never={"window": "week", "page": 2},
    truth="Memento",
    has_fallback=True,
)
RELATED = Question(
    "related",
    ask=lambda api, what: api.get(f"/api/movies/{what}/recommendations/"),
    store=lambda what, now: lists.related_movies(
        movie_id=what, page=1, page_size=20, now=now, local=lambda _: NotImplemented
    ),
    old=timedelta(days=2),
    fresh=MATRIX,
    stale=SEVEN,
    never=TITANIC,
    truth="Fight Club",
    has_fallback=True,
)
DETAIL = Question(
    "detail",
    ask=lambda api, what: api.get(f"/api/movies/{what}/"),
    store=store_film,
    old=timedelta(days=8),
    fresh=MATRIX,
    stale=RELOADED,
    never=AMELIE,
    truth="Amélie",
    starter=ALIEN,
)
SEARCH = Question(
    "search",
    ask=lambda api, what: api.get("/api/tmdb/search/", query=what),
    store=lambda what, now: lists.search_tmdb(
        query=what, year=None, page=1, page_size=20, now=now
    ),
    old=timedelta(hours=2),
    fresh="matrix",
    stale="godfather",
    never="alien",
    truth="Alien",
)
IMPORT = replace(
    DETAIL,
    name="import",
    starter=None,
    ask=lambda api, what: api.post("/api/tmdb/import/", {"tmdb_id": what}),
)
QUESTIONS = [TRENDING, RELATED, DETAIL, SEARCH, IMPORT]


@pytest.fixture
def asked(tmdb: TmdbServer, owner: User) -> Api:
    """A member's API over films that are all stored but one."""
    fill_shelf()
    Movie.objects.filter(id=DETAIL.starter).update(fetched_at=None)
    Movie.objects.filter(id=DETAIL.never).delete()
    return Api(owner)


def first_title(answer: Answer) -> str:
    body = answer.json
    return str(body["results"][0]["title"] if "results" in body else body["title"])


def source(answer: Answer) -> str:
    """Say where it came from, `*` if there should have been something better."""
    meta = answer.json["meta"]
    return f"{meta['source']}*" if meta["degraded"] else str(meta["source"])


def summary(answer: Answer) -> str:
    """Tell the answer in a cell of the table."""
    if answer.status >= 400:
        wait = answer.headers.get("Retry-After")
        return f"{answer.status}" + (f" {wait}s" if wait else "")
    status = "" if answer.status == 200 else f"{answer.status} "
    return status + source(answer)


def rows() -> list[Any]:
    """Return all that is stored of films."""
    return [
        *Movie.objects.order_by("pk").values(),
        *Credit.objects.order_by("pk").values(),
        *Movie.keywords.through._default_manager.order_by("pk").values(),
    ]


def run_jobs() -> None:
    """Do what was queued; a refresh that fails leaves everything as it is."""
    for job in ProcrastinateJob.objects.order_by("id"):
        with suppress(NexusError):
            app.tasks[job.task_name](**job.args)


# What is answered


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_answers(
    asked: Api,
    weather: Weather,
    cell: Callable[[str, str, str, str], None],
    fault: Fault,
    question: Question,
) -> None:
    now = timezone.now()
    question.store(question.fresh, now)
    question.store(question.stale, now - question.old)
    before = rows()

    weather.turn_bad(fault)
    with patience(fault):
        answers = {
            state: question.ask(asked, getattr(question, state))
            for state in ("starter", "never", "stale", "fresh")
            if getattr(question, state)
        }
        for state, answer in answers.items():
            text = summary(answer)
            cell("TMDb's faults", fault.name, f"{state} {question.name}", text)

        if question.starter:
            check_starter(answers["starter"], fault)
        check_fresh(answers["fresh"])
        check_stale(answers["stale"], fault, question)
        check_never(answers["never"], fault, question)
        if fault.name not in HARMLESS:
            run_jobs()
            assert rows() == before

    weather.turn_good()
    check_recovered(asked, fault, question)


def check_starter(answer: Answer, fault: Fault) -> None:
    """What the starter catalogue tells, though TMDb was asked for more."""
    assert answer.status == 200
    assert first_title(answer) == "Alien"
    if fault.name not in HARMLESS:
        assert source(answer) == "local*"


def check_fresh(answer: Answer) -> None:
    assert answer.status == 200
    assert source(answer) == "cache"


def check_stale(answer: Answer, fault: Fault, question: Question) -> None:
    """The stored copy, marked as soon as TMDb is known to fail."""
    if question is IMPORT and fault.name == "404":  # TMDb took the film back
        assert (answer.status, answer.code) == (404, "movie_not_found")
        return
    assert answer.status == 200
    if fault.name not in HARMLESS:
        assert source(answer) == "stale*"
    elif question is not IMPORT:
        assert answer.json["meta"]["source"] == "stale"


def check_never(answer: Answer, fault: Fault, question: Question) -> None:
    """What we hold in its stead, or an error that says what is the matter."""
    if fault.name == "missing_blocks":
        assert answer.status in {200, 201}
        assert first_title(answer) == question.truth
        assert not answer.json.get("cast")
        assert not answer.json.get("keywords")
    elif fault.name == "404" and question in {DETAIL, IMPORT}:
        assert (answer.status, answer.code) == (404, "movie_not_found")
    elif question.has_fallback:
        assert answer.status == 200
        assert answer.json["results"]
        # That TMDb knows nothing like a film is no failure of TMDb.
        is_told = fault.name == "404" and question is RELATED
        assert source(answer) == ("local" if is_told else "local*")
    else:
        check_error(answer, fault)


def check_error(answer: Answer, fault: Fault) -> None:
    assert (answer.status, answer.code) == (fault.status, fault.code)
    assert answer.headers.get("Retry-After") in {fault.retry_after, fault.asks and "1"}
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert set(body) == {"status", "code", "message", "request_id"}
    assert body["status"] == "error"
    assert "TMDb" in body["message"]
    assert TmdbServer.key not in str(body)


def check_recovered(asked: Api, fault: Fault, question: Question) -> None:
    """As soon as TMDb is asked again all is right: nothing of the failure was kept."""
    if fault.name == "404" and question in {DETAIL, IMPORT, RELATED}:
        return  # TMDb's word is believed for a while
    again = ask_as_soon_as_one_may(asked, question)
    assert again.status in {200, 201}
    assert first_title(again) == question.truth
    if fault.name not in HARMLESS:
        assert source(again) == "live"
        assert source(question.ask(asked, question.never)) == "cache"

    run_jobs()
    refreshed = question.ask(asked, question.stale)
    assert source(refreshed) in {"cache", "live"}
    fresh = question.ask(asked, question.fresh)
    assert source(fresh) == "cache"


def ask_as_soon_as_one_may(asked: Api, question: Question) -> Answer:
    """Ask for what was never asked, again while TMDb is left alone."""
    give_up_at, pause = monotonic() + LIMIT_S, Event()
    answer = question.ask(asked, question.never)
    while upstream.breaker().state().is_open:
        assert monotonic() < give_up_at
        pause.wait(0.02)
        answer = question.ask(asked, question.never)
    return answer


# Before anybody knows, and after


@pytest.mark.parametrize("question", [TRENDING, RELATED, DETAIL, SEARCH])
def test_it_calls_nothing_degraded_that_nobody_knows_to_be(
    asked: Api, weather: Weather, question: Question
) -> None:
    question.store(question.stale, timezone.now() - question.old)
    weather.turn_bad(Fault("hang"))

    answer = question.ask(asked, question.stale)

    assert source(answer) == "stale"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_recovers(asked: Api, weather: Weather, fault: Fault) -> None:
    weather.turn_bad(fault)
    with patience(fault):
        for number in range(12):
            asked.get("/api/tmdb/search/", query=f"film {number}")
    assert upstream.breaker().state().is_open == (fault.name != "missing_blocks")

    weather.turn_good()

    answer = ask_as_soon_as_one_may(asked, SEARCH)
    assert first_title(answer) == SEARCH.truth
    assert not upstream.is_failing()
