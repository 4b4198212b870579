from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.catalog import budget, listings, lists, operations, upkeep, upstream
from nexus.catalog.models import Movie, TmdbCalls
from nexus.catalog.operations import queue_refresh
from nexus.jobs import tasks
from nexus.lib.errors import UnavailableError
from nexus.queue import do_later
from tests.builders import NOW, make_movie
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

OBSCURE = 910_003


@pytest.fixture
def obscure(tmdb: TmdbServer) -> Iterator[TmdbServer]:
    """A TMDb that knows one film more."""
    tmdb.add_movie(OBSCURE, "Obscure")
    yield tmdb
    tmdb.movies.pop(OBSCURE, None)


def queued() -> list[int]:
    """Return the films that wait for being refreshed."""
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_movie")
    return [job.args["movie_id"] for job in jobs.order_by("id")]


def test_it_works(tmdb: TmdbServer) -> None:
    make_movie(603, title="Old")

    movie = operations.refresh_movie(movie_id=603, now=NOW)

    assert movie.title == "The Matrix"
    assert movie.fetched_at == NOW


def test_a_film_unknown_to_tmdb_becomes_a_tombstone(tmdb: TmdbServer) -> None:
    make_movie(999_999, title="Merged", fetched_at=None)

    operations.refresh_movie(movie_id=999_999, now=NOW)

    movie = Movie.objects.get()
    assert (movie.title, movie.removed_at) == ("Merged", NOW)


def test_an_outage_removes_nothing(tmdb: TmdbServer) -> None:
    make_movie(603, title="Old")
    tmdb.fail("html", status=404)

    with pytest.raises(Exception, match="TMDb"):
        operations.refresh_movie(movie_id=603, now=NOW)

    assert Movie.objects.get().removed_at is None


# Lists


def test_a_list_is_brought_up_to_date(obscure: TmdbServer) -> None:
    earlier = NOW - timedelta(hours=2)
    lists.search_tmdb(query="obscure", year=None, page=1, page_size=20, now=earlier)
    obscure.change_movie(OBSCURE, title="Obscured")

    wanted = {"query": "obscure", "year": None, "page": 1}
    listings.refresh_page("search", wanted, now=NOW)

    found = lists.search_tmdb(query="obscure", year=None, page=1, page_size=20, now=NOW)
    assert [movie.title for movie in found.value.movies] == ["Obscured"]
    assert found.origin.source == "cache"


def test_the_list_of_a_film_that_is_gone_is_forgotten(obscure: TmdbServer) -> None:
    listings.related(movie_id=OBSCURE, page=1, page_size=20, now=NOW)
    obscure.remove_movie(OBSCURE)

    listings.refresh_page("related", {"tmdb_id": OBSCURE, "page": 1}, now=NOW)

    with pytest.raises(Exception, match="no movie"):
        listings.related(movie_id=OBSCURE, page=1, page_size=20, now=NOW)


def test_a_list_stays_as_it_is_while_tmdb_is_down(tmdb: TmdbServer) -> None:
    listings.trending(window="day", page=1, page_size=20, now=NOW)
    tmdb.fail("401")
    later = NOW + timedelta(days=6)

    with pytest.raises(UnavailableError):
        listings.refresh_page("trending", {"window": "day", "page": 1}, now=later)

    found = listings.trending(window="day", page=1, page_size=20, now=later)
    assert found.origin.source == "stale"
    assert found.value.count == 32


# By age


def test_old_copies_are_refreshed_oldest_first(tmdb: TmdbServer) -> None:
    make_movie(1, fetched_at=NOW - timedelta(days=151))
    make_movie(2, fetched_at=NOW - timedelta(days=170))
    make_movie(3, fetched_at=NOW - timedelta(days=149))
    make_movie(4, fetched_at=None)
    make_movie(5, fetched_at=NOW - timedelta(days=170), removed_at=NOW)

    upkeep.refresh_old_movies(now=NOW)

    assert queued() == [2, 1]


def test_films_that_were_given_up_come_after_them(tmdb: TmdbServer) -> None:
    make_movie(1, fetched_at=None, removed_at=NOW, purged_at=NOW)
    make_movie(2, fetched_at=NOW - timedelta(days=170))

    upkeep.refresh_old_movies(now=NOW)

    assert queued() == [2, 1]


# By what changed at TMDb


def day(ago: int) -> str:
    return (NOW - timedelta(days=ago)).date().isoformat()


def spans(tmdb: TmdbServer) -> list[tuple[str, str]]:
    asked = [call.params for call in tmdb.asked if call.path == "/movie/changes"]
    return [(params["start_date"], params["end_date"]) for params in asked]


def test_changed_films_that_we_hold_are_refreshed(tmdb: TmdbServer) -> None:
    yesterday = NOW - timedelta(days=1)
    make_movie(603, fetched_at=yesterday)
    make_movie(604, fetched_at=yesterday)
    make_movie(605, fetched_at=None)
    make_movie(606, fetched_at=NOW)
    tmdb.changed_ids = [*range(1000, 1030), 603, 605, 606]

    upkeep.refresh_changed_movies(now=NOW)

    assert queued() == [603]


def test_changes_may_bring_a_tombstone_back(tmdb: TmdbServer) -> None:
    yesterday = NOW - timedelta(days=1)
    make_movie(603, fetched_at=yesterday, removed_at=yesterday)
    make_movie(604, fetched_at=None, removed_at=yesterday)
    tmdb.changed_ids = [603, 604]

    upkeep.refresh_changed_movies(now=NOW)

    assert queued() == [603, 604]


def test_changes_are_asked_for_since_the_last_run(tmdb: TmdbServer) -> None:
    make_movie(603)
    upkeep.refresh_changed_movies(now=NOW - timedelta(days=1))
    tmdb.reset()

    upkeep.refresh_changed_movies(now=NOW)

    assert spans(tmdb) == [(day(2), day(1)), (day(1), day(0))]


@pytest.mark.parametrize("last", [None, 15, 400])
def test_changes_are_asked_for_14_days_back_at_most(
    tmdb: TmdbServer, last: int | None
) -> None:
    make_movie(603)
    if last is not None:
        upkeep.note_run(upkeep.CHANGES, now=NOW - timedelta(days=last))

    upkeep.refresh_changed_movies(now=NOW)

    assert len(spans(tmdb)) == 14
    assert spans(tmdb)[0] == (day(14), day(13))
    assert spans(tmdb)[-1] == (day(1), day(0))


def test_changes_are_asked_for_once_a_day(tmdb: TmdbServer) -> None:
    make_movie(603)
    upkeep.refresh_changed_movies(now=NOW)
    tmdb.reset()

    upkeep.refresh_changed_movies(now=NOW)
    upkeep.refresh_changed_movies(now=NOW + timedelta(hours=22))

    assert spans(tmdb) == []


def test_changes_that_could_not_be_asked_for_are_asked_for_again(
    tmdb: TmdbServer,
) -> None:
    make_movie(603, fetched_at=NOW - timedelta(days=1))
    tmdb.changed_ids = [603]
    tmdb.fail("401")
    with pytest.raises(UnavailableError):
        upkeep.refresh_changed_movies(now=NOW)
    tmdb.recover()

    upkeep.refresh_changed_movies(now=NOW + timedelta(hours=1))

    assert queued() == [603]


def test_changes_go_on_with_the_day_they_ended_at(
    tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_movie(603, fetched_at=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(budget, "LEFT_TO_PEOPLE", budget.CALLS - 5)
        patched.setattr(budget, "WINDOW_S", 1_000.0)
        patched.setattr(upstream, "PATIENCE_OF_JOBS_S", -1.0)
        with pytest.raises(UnavailableError):
            tasks.refresh_changed_movies(timestamp=0)
    asked = len(tmdb.asked)
    TmdbCalls.objects.all().delete()

    upkeep.refresh_changed_movies(now=timezone.now())

    days = [call.params["start_date"] for call in tmdb.asked]
    assert asked == 5
    assert days[asked] == days[asked - 1]
    assert len(set(days)) == len(days) - 1 == 14


def test_where_nothing_is_held_nobody_asks_for_changes(tmdb: TmdbServer) -> None:
    make_movie(603, fetched_at=None)

    upkeep.refresh_changed_movies(now=NOW)

    assert not tmdb.asked


# What is trending


def test_trending_lists_are_refreshed_before_they_are_stale(tmdb: TmdbServer) -> None:
    upkeep.refresh_trending(now=NOW)

    assert [(call.path, call.params["page"]) for call in tmdb.asked] == [
        ("/trending/movie/day", "1"),
        ("/trending/movie/day", "2"),
        ("/trending/movie/week", "1"),
        ("/trending/movie/week", "2"),
    ]
    tmdb.fail("503")
    later = NOW + timedelta(minutes=59)
    for window in upkeep.TRENDING_WINDOWS:
        found = listings.trending(window=window, page=1, page_size=32, now=later)
        assert (found.origin.source, len(found.value.films)) == ("cache", 32)


# All of them

JOBS = [
    upkeep.refresh_old_movies,
    upkeep.refresh_changed_movies,
    upkeep.refresh_trending,
    upkeep.purge_old_movies,
]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_run_twice(tmdb: TmdbServer, job: Callable[..., None]) -> None:
    for number, days in enumerate([1, 160, 179, 300], start=1):
        make_movie(number, fetched_at=NOW - timedelta(days=days))
    tmdb.changed_ids = [1, 2, 3]
    job(now=NOW)
    films, waiting = held(), queued()

    job(now=NOW)

    assert (held(), queued()) == (films, waiting)


def held() -> list[Any]:
    return list(Movie.objects.order_by("id").values())


@pytest.mark.parametrize("job", JOBS[:3])
def test_without_a_key_nothing_is_refreshed(job: Callable[..., None]) -> None:
    make_movie(1, fetched_at=NOW - timedelta(days=170))

    job(now=NOW)

    assert queued() == []


def test_films_wait_behind_mails() -> None:
    queue_refresh(603)
    do_later("send_password_reset", arguments={"user_id": 1})

    jobs = ProcrastinateJob.objects.order_by("-priority")
    assert [job.task_name for job in jobs] == ["send_password_reset", "refresh_movie"]
