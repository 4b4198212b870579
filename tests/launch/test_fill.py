"""`python -m nexus catalog fill`, killed, interrupted and taken up again."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from nexus.catalog.models import Movie
from nexus.env import PROJECT_DIR
from tests.launch.program import (
    LIMIT_S,
    call,
    environment,
    running,
    wait_until,
    wait_until_gone,
)
from tests.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db(transaction=True)

FILL = ("catalog", "fill", "--pages", "2")
FILMS = 32  # that the TMDb of the tests knows


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def counts_of(told: str) -> Counter[str]:
    found = json.loads(told)
    names = ("films", "new", "refreshed", "fresh", "unknown", "failed")
    return Counter({name: found[name] for name in names})


def test_it_works(home: Path, variables: dict[str, str]) -> None:
    done = call(home, *FILL, **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert "32 new, 0 refreshed" in done.stdout
    assert Movie.objects.count() == FILMS


def test_it_goes_on_after_it_was_killed(
    home: Path, variables: dict[str, str], tmdb: TmdbServer
) -> None:
    tmdb.slow_down(0.3)
    with running(home, *FILL, **variables):
        wait_until(lambda: Movie.objects.count() >= 5)
    wait_until_gone(home)
    tmdb.slow_down(0)
    held = Movie.objects.count()
    assert held < FILMS
    assert not Movie.objects.filter(credits=None).exists()
    asked = tmdb.calls.copy()

    again = call(home, *FILL, "--json", **variables)

    counts = counts_of(again.stdout)
    assert (counts["fresh"], counts["new"]) == (held, FILMS - held)
    stored_first = [path for path in asked if path.startswith("/movie/")]
    twice = [path for path in stored_first if tmdb.calls[path] > 1]
    # The list, and the few that were under way and not stored.
    assert len(twice) <= 2 + 4
    assert Movie.objects.count() == FILMS
    assert not Movie.objects.filter(credits=None).exists()


def test_ctrl_c_ends_it_in_order(
    home: Path, variables: dict[str, str], tmdb: TmdbServer
) -> None:
    tmdb.slow_down(0.3)
    with running(home, *FILL, **variables) as process:
        wait_until(lambda: Movie.objects.count() >= 5)
        os.killpg(process.pid, signal.SIGINT)
        told, complained = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 130
    assert f"{Movie.objects.count()} films in" in told
    assert complained.endswith(
        "Interrupted. Start the same command again: it goes on with the rest.\n"
    )
    assert "Traceback" not in complained


def test_an_outage_that_lasts_ends_it_with_a_clear_line(
    home: Path, variables: dict[str, str], tmdb: TmdbServer
) -> None:
    tmdb.fail("503")

    done = call(home, *FILL, "--patience", "0", **variables)

    assert done.returncode == 1
    assert done.stdout.startswith("0 films in 0:")
    (line,) = done.stderr.splitlines()
    assert line.startswith("CommandError: TMDb has not answered for 0 s: ")
    assert line.endswith("it goes on with the rest.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (FILL, "set TMDB_API_KEY"),
        (("catalog", "fill", "--pages", "0"), "no whole number from 1 to 500"),
        (("catalog", "fill"), "--pages"),
        (("catalog",), "VERB"),
    ],
)
def test_what_it_cannot_do_ends_with_2(
    home: Path, variables: dict[str, str], words: tuple[str, ...], message: str
) -> None:
    del variables["TMDB_API_KEY"]

    done = call(home, *words, **variables)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_on_a_terminal_it_shows_a_bar(home: Path, variables: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nexus", *FILL],
        cwd=PROJECT_DIR,
        env=environment(home, TERM="xterm", **variables),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)

    shown = read_all(ours)

    assert process.wait(LIMIT_S) == 0
    assert "\r[" in shown
    assert " of 40 films, " in shown
    assert "32 films in 0:" in shown
    assert '{"event"' not in shown


def read_all(terminal: int) -> str:
    found = b""
    while True:
        try:
            found += os.read(terminal, 4096)
        except OSError:  # nobody has it open any more
            os.close(terminal)
            return found.decode()


def test_it_is_told_that_the_database_went_away(
    home: Path, variables: dict[str, str], tmdb: TmdbServer
) -> None:
    tmdb.slow_down(0.3)
    with running(home, *FILL, **variables) as process:
        wait_until(lambda: Movie.objects.count() >= 5)
        for _ in range(20):
            cut_off_others()
        complained = process.communicate(timeout=LIMIT_S)[1]

    assert process.returncode == 1
    assert "goes on with the rest" in complained
    assert "Traceback" not in complained


def cut_off_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
