"""`python -m nexus catalog fill` and `... refresh`, in this process."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from io import StringIO
from itertools import count
from time import monotonic
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from nexus.catalog import budget, patience
from nexus.catalog import fill as fills
from nexus.catalog.models import Credit, Movie
from nexus.catalog.patience import Interrupted, OutageTooLong, Patience
from nexus.tmdb import TmdbNotFound, TmdbUnavailable
from tests.builders import make_movie
from tests.tmdb_server import TmdbServer
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

OBSCURE = 910_004
FILMS = 32  # that the TMDb of the tests knows
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range';
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON catalog_movie
FOR EACH ROW WHEN (NEW.id = %s) EXECUTE FUNCTION refuse()
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.02)


def run(*words: str) -> tuple[str, str]:
    """Return what the command writes, and what it complains of."""
    told, complained = StringIO(), StringIO()
    call_command("catalog", *words, stdout=told, stderr=complained)
    return told.getvalue(), complained.getvalue()


def summary(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json")[0])
    return found


def failing(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value


def asked_for(tmdb: TmdbServer) -> int:
    """Return for how many films TMDb was asked."""
    return sum(
        times for path, times in tmdb.calls.items() if path.split("/")[-1].isdigit()
    )


def test_it_works(tmdb: TmdbServer) -> None:
    told, complained = run("fill", "--pages", "1")

    assert Movie.objects.count() == 20
    matrix = Movie.objects.get(id=603)
    assert (matrix.title, matrix.credits.count()) == ("The Matrix", 3)
    assert asked_for(tmdb) == 20
    assert told.startswith("20 films in 0:")
    assert told.endswith(
        ": 20 new, 0 refreshed, 0 fresh already, 0 unknown to TMDb, 0 failed.\n"
    )
    assert complained == ""


def test_it_goes_on_to_the_last_page(tmdb: TmdbServer) -> None:
    assert summary("fill", "--pages", "500")["films"] == FILMS

    assert tmdb.calls["/movie/popular"] == 2


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("popular", "/movie/popular"),
        ("top_rated", "/movie/top_rated"),
        ("trending", "/trending/movie/week"),
    ],
)
def test_it_takes_any_list(tmdb: TmdbServer, name: str, path: str) -> None:
    run("fill", "--pages", "1", "--list", name)

    assert tmdb.calls[path] == 1
    assert Movie.objects.count() == 20


def test_what_is_fresh_is_not_asked_for(tmdb: TmdbServer) -> None:
    run("fill", "--pages", "1")

    found = summary("fill", "--pages", "2")

    assert asked_for(tmdb) == FILMS
    assert found | {"seconds": 0} == {
        "verb": "fill",
        "films": FILMS,
        "new": FILMS - 20,
        "refreshed": 0,
        "fresh": 20,
        "unknown": 0,
        "failed": 0,
        "failures": [],
        "is_complete": True,
        "stopped": None,
        "seconds": 0,
    }


def test_what_is_old_or_ours_is_refreshed(tmdb: TmdbServer) -> None:
    make_movie(603, title="Old", fetched_at=timezone.now() - timedelta(days=8))
    make_movie(604, title="Ours", fetched_at=None)

    found = summary("fill", "--pages", "2")

    assert (found["new"], found["refreshed"]) == (FILMS - 2, 2)
    assert Movie.objects.get(id=603).title == "The Matrix"
    assert Movie.objects.get(id=604).fetched_at is not None


def test_it_counts_films_that_are_gone(tmdb: TmdbServer) -> None:
    make_movie(OBSCURE, fetched_at=None)

    found = summary("refresh", "603", "604", str(OBSCURE), "999999")

    assert (found["new"], found["unknown"]) == (2, 2)
    assert found["is_complete"]
    assert Movie.objects.get(id=OBSCURE).removed_at is not None


# Refreshing


def test_it_refreshes_what_is_stale(tmdb: TmdbServer) -> None:
    now = timezone.now()
    make_movie(603, fetched_at=now)
    make_movie(604, title="Old", fetched_at=now - timedelta(days=8))
    make_movie(238, title="Ours", fetched_at=None)
    make_movie(240, fetched_at=now - timedelta(days=8), removed_at=now)
    make_movie(120, title="Film 120", fetched_at=None, removed_at=now, purged_at=now)

    found = summary("refresh")

    assert found["refreshed"] == 3
    assert set(tmdb.calls) == {"/movie/604", "/movie/238", "/movie/120"}
    assert not Movie.objects.filter(purged_at__isnull=False).exists()


def test_it_refreshes_what_is_named_in_any_case(tmdb: TmdbServer) -> None:
    make_movie(603, title="Wrong", fetched_at=timezone.now())

    found = summary("refresh", "603", "603")

    assert (found["films"], found["refreshed"]) == (1, 1)
    assert Movie.objects.get().title == "The Matrix"


def test_with_nothing_to_refresh_it_is_done(tmdb: TmdbServer) -> None:
    assert summary("refresh")["films"] == 0


# Failures


def test_a_film_that_cannot_be_read_holds_up_no_other(tmdb: TmdbServer) -> None:
    tmdb.add_movie(OBSCURE, "", original_title="")
    ids = ["603", str(OBSCURE), "604", "238", "240"]
    told, complained = StringIO(), StringIO()

    with pytest.raises(CommandError, match="1 film failed") as caught:
        call_command("catalog", "refresh", *ids, stdout=told, stderr=complained)

    tmdb.remove_movie(OBSCURE)
    assert caught.value.returncode == 1
    assert Movie.objects.count() == 4
    assert "4 new" in told.getvalue()
    assert f"\n  {OBSCURE}: TMDb answered" in told.getvalue()


@pytest.fixture
def unstorable() -> Iterator[int]:
    """A film that PostgreSQL refuses to hold, as one with a number out of range."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE, [OBSCURE])
        yield OBSCURE
        cursor.execute("DROP FUNCTION refuse() CASCADE")


def test_a_film_that_cannot_be_stored_holds_up_no_other(
    tmdb: TmdbServer, unstorable: int
) -> None:
    tmdb.add_movie(unstorable, "Obscure")
    told = StringIO()

    with pytest.raises(CommandError, match="1 film failed"):
        call_command("catalog", "refresh", "603", str(unstorable), "604", stdout=told)

    tmdb.remove_movie(unstorable)
    assert set(Movie.objects.values_list("id", flat=True)) == {603, 604}
    assert f"\n  {unstorable}: TMDb told what cannot be stored." in told.getvalue()


def test_it_waits_for_the_end_of_an_outage(tmdb: TmdbServer) -> None:
    tmdb.fail("503", times=4)

    found = summary("fill", "--pages", "1")

    assert (found["new"], found["is_complete"]) == (20, True)


@pytest.mark.parametrize("kind", ["503", "reset", "html"])
def test_an_outage_that_lasts_ends_it(tmdb: TmdbServer, kind: Any) -> None:
    run("refresh", "603")
    tmdb.fail(kind)

    error = failing("refresh", "604", "238", "--patience", "0")

    assert error.returncode == 1
    assert "TMDb has not answered for 0 s: TMDb" in str(error)
    assert "Start the same command again" in str(error)
    assert Movie.objects.count() == 1


def test_it_goes_on_where_an_outage_ended_it(tmdb: TmdbServer) -> None:
    run("refresh", "603", "604")
    tmdb.fail("503")
    failing("fill", "--pages", "2", "--patience", "0")
    tmdb.recover()
    tmdb.calls.clear()

    found = summary("fill", "--pages", "2")

    assert (found["new"], found["fresh"]) == (FILMS - 2, 2)
    assert asked_for(tmdb) == FILMS - 2
    assert Movie.objects.count() == FILMS


def test_it_needs_a_key() -> None:
    error = failing("fill", "--pages", "1")

    assert error.returncode == 2
    assert "TMDB_API_KEY" in str(error)


def test_it_names_a_wrong_key(tmdb: TmdbServer) -> None:
    tmdb.fail("401")

    error = failing("fill", "--pages", "1")

    assert error.returncode == 2
    assert "rejected the key" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fill"],
        ["fill", "--pages", "0"],
        ["fill", "--pages", "501"],
        ["fill", "--pages", "1", "--list", "worst"],
        ["fill", "--pages", "1", "--patience", "-1"],
        ["refresh", "x"],
        ["refresh", "0"],
        ["refresh", str(2**31)],
    ],
)
def test_it_refuses(tmdb: TmdbServer, words: list[str]) -> None:
    failing(*words)

    assert not tmdb.asked


# Several at once


def test_two_fills_at_once_do_no_harm(tmdb: TmdbServer) -> None:
    together(*[partial(run, "fill", "--pages", "2")] * 2)

    assert Movie.objects.count() == FILMS
    assert asked_for(tmdb) == FILMS
    assert not Movie.objects.filter(credits=None).exists()
    assert Credit.objects.filter(movie=603).count() == 3


def test_it_asks_in_the_background(tmdb: TmdbServer) -> None:
    began_s = monotonic()

    run("fill", "--pages", "2")

    left = budget.CALLS - budget.LEFT_TO_PEOPLE
    assert not tmdb.early(calls=left, window_s=budget.WINDOW_S, since=began_s)


# How long it waits


def out() -> str:
    raise TmdbUnavailable("TMDb cannot be reached.")


def unknown() -> str:
    raise TmdbNotFound("TMDb has no movie 1.")


def of(limit_s: float, *, is_alive: bool = False) -> Patience:
    return Patience(limit_s, is_alive=lambda: is_alive)


def test_patience_has_an_end() -> None:
    with pytest.raises(OutageTooLong, match="0 s: TMDb cannot be reached"):
        of(0).ask(out)


def test_patience_goes_on_after_an_outage() -> None:
    one, tries = of(60), count(1)

    def late() -> str:
        return "found" if next(tries) == 9 else out()

    assert one.ask(late) == "found"
    assert one.failing_since_s is None


def test_that_a_film_is_unknown_is_an_answer() -> None:
    one = of(60)
    one.failing_since_s = 1.0

    with pytest.raises(TmdbNotFound):
        one.ask(unknown)

    assert one.failing_since_s is None


def test_what_fails_while_tmdb_is_alive_is_given_up() -> None:
    tries = count(1)

    def fail() -> str:
        next(tries)
        return out()

    with pytest.raises(TmdbUnavailable):
        of(60, is_alive=True).ask(fail)

    assert next(tries) == patience.TRIES + 2


def test_what_an_outage_held_up_is_tried_again_when_it_is_over() -> None:
    tries = count(1)

    def late() -> str:
        return "found" if next(tries) == patience.TRIES + 1 else out()

    assert of(60, is_alive=True).ask(late) == "found"


def test_patience_can_be_interrupted() -> None:
    one = of(60)
    one.over.set()

    with pytest.raises(Interrupted):
        one.ask(out)


def test_an_interrupted_run_begins_nothing_more(tmdb: TmdbServer) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            one.stop(Interrupted())

    one = fills.Run(patience_s=60, clock=timezone.now, told=interrupt)

    report = one.bring_in([[603, 604, 238, 240, 120, 121, 122, 155, 13]], total=9)

    assert isinstance(report.stopped, Interrupted)
    assert 3 <= report.done <= 3 + fills.AT_ONCE
    assert Movie.objects.count() == report.done
