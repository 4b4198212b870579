"""`python -m nexus ratings import-movielens`, in this process."""

import json
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from nexus.accounts.models import User
from nexus.ratings.models import Rating
from nexus.recommendations.interactions import read_interactions
from nexus.recommendations.models import OutsideFilm, OutsideRating
from tests.builders import make_movie, make_rating
from tests.client import Api
from tests.recommendations.crowd import LINKS, ROWS, TYPES, Row, crowd, write_folder
from tests.servers import database_url
from tests.tables import ask
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

ACCEPTED = "--accept-licence"
WAITING = """
SELECT pid FROM pg_locks WHERE NOT granted
AND relation = 'recommendations_outsiderating'::regclass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "ml")


def run(folder: Path, *words: str) -> tuple[str, str]:
    """Return what the command writes, and what it complains of."""
    told, complained = StringIO(), StringIO()
    call = ("ratings", "import-movielens", str(folder), *words)
    call_command(*call, stdout=told, stderr=complained)
    return told.getvalue(), complained.getvalue()


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(folder, ACCEPTED, "--json")[0])
    return found


def failing(folder: Path, *words: str) -> tuple[CommandError, str]:
    complained = StringIO()
    call = ("ratings", "import-movielens", str(folder), *words)
    with pytest.raises(CommandError) as caught:
        call_command(*call, stderr=complained)
    return caught.value, complained.getvalue()


def held() -> set[tuple[int, int, int, int]]:
    rows = OutsideRating.objects.values_list(
        "source_user", "tmdb_id", "half_stars", "rated_at"
    )
    return {(*row[:3], int(row[3].timestamp())) for row in rows}


def genres() -> dict[int, list[str]]:
    return dict(OutsideFilm.objects.values_list("tmdb_id", "genres"))


def versions_of_rows() -> set[Any]:
    """Return what PostgreSQL changes about a row with every write."""
    rows = ask("SELECT id, xmin::text FROM recommendations_outsiderating")
    return set(rows) | set(
        ask("SELECT id, xmin::text FROM recommendations_outsidefilm")
    )


def test_it_works(folder: Path) -> None:
    told, complained = run(folder, ACCEPTED)

    assert held() == {(1, 603, 9, 1000), (1, 604, 6, 1001), (2, 603, 1, 1002)}
    assert genres() == {603: ["Action", "Sci-Fi"], 604: []}
    assert told.startswith("3 ratings of 2 films by 2 people in 0:0")
    assert complained == ""


def test_a_second_time_changes_nothing(folder: Path) -> None:
    run(folder, ACCEPTED)
    before = versions_of_rows()

    found = summary(folder)

    assert versions_of_rows() == before
    assert (found["new"], found["changed"], found["same"]) == (0, 0, 3)


def test_it_takes_over_what_changed(folder: Path) -> None:
    run(folder, ACCEPTED)
    rows = [(1, 11, 4.5, 1000), (1, 12, 3.5, 1001), (3, 11, 2.0, 1003)]
    write_folder(folder, rows, genres=TYPES | {11: "Western"})

    found = summary(folder)

    assert held() == {(1, 603, 9, 1000), (1, 604, 7, 1001), (3, 603, 4, 1003)}
    assert genres() == {603: ["Western"], 604: []}
    counts = {key: found[key] for key in ("new", "changed", "same", "removed")}
    assert counts == {"new": 1, "changed": 1, "same": 1, "removed": 1}


def test_it_counts_films_without_an_id_of_tmdb(folder: Path) -> None:
    write_folder(folder, [*ROWS, (2, 13, 4.0, 1003), (2, 99, 4.0, 1004)])

    found = summary(folder)

    assert (found["rows"], found["without_tmdb_id"], found["new"]) == (5, 2, 3)


def test_of_two_films_that_are_one_the_later_rating_counts(folder: Path) -> None:
    rows = [(1, 11, 4.0, 1005), (1, 12, 1.0, 1001), (2, 11, 4.0, 1), (2, 12, 2.0, 2)]
    write_folder(folder, rows, links={11: 603, 12: 603})

    found = summary(folder)

    assert held() == {(1, 603, 8, 1005), (2, 603, 4, 2)}
    assert (found["duplicates"], found["new"]) == (2, 2)
    assert genres() == {603: ["Action", "Sci-Fi"]}


def test_it_reads_columns_in_any_order_and_a_byte_order_mark(folder: Path) -> None:
    text = "timestamp,rating,extra,movieId,userId\n1000,0.5,x,11,7\n\n"
    (folder / "ratings.csv").write_text("\ufeff" + text, encoding="utf-8")

    assert summary(folder)["new"] == 1
    assert held() == {(7, 603, 1, 1000)}


def test_it_does_not_touch_members_ratings(folder: Path, owner: User) -> None:
    rating = make_rating(owner, make_movie(603), stars=2)
    before = Rating.objects.values().get()

    run(folder, ACCEPTED)

    assert Rating.objects.values().get() == before
    (told,) = Api().get("/api/movies/603/ratings/").json["results"]
    assert told["stars"] == rating.stars


# The terms


def test_without_a_terminal_it_wants_the_licence_accepted(folder: Path) -> None:
    error, complained = failing(folder)

    assert error.returncode == 2
    assert "--accept-licence" in str(error)
    assert "Usage License" in complained
    assert "feed the cat" in complained
    assert "Citation" not in complained
    assert not held()


@contextmanager
def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a person at a terminal answer."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{text}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield
    os.close(ours)


def test_at_a_terminal_it_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with typed("Yes", monkeypatch):
        run(folder)

    assert len(held()) == 3


def test_anything_but_yes_is_no(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with typed("y", monkeypatch):
        error, complained = failing(folder)

    assert error.returncode == 1
    assert complained.endswith("Type yes: ")
    assert not held()


def test_it_says_where_terms_are_that_the_folder_lacks(tmp_path: Path) -> None:
    complained = failing(write_folder(tmp_path / "ml", readme=None))[1]

    assert "https://grouplens.org/datasets/movielens/" in complained


def test_it_shows_a_licence_without_headings(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "ml", readme=None)
    (folder / "LICENCE").write_text("Only on Sundays.", encoding="utf-8")

    assert failing(folder)[1] == "Only on Sundays.\n"


# What cannot be read


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,11,5.5,1000", "rating is '5.5', not 0.5 to 5 in halves"),
        ("1,11,0,1000", "rating is '0'"),
        ("1,11,3.7,1000", "rating is '3.7'"),
        ("1,11,NaN,1000", "rating is 'NaN'"),
        ("1,11,1e400,1000", "rating is '1e400'"),
        ("1,11,-4,1000", "rating is '-4'"),
        ("1,11,,1000", "rating is ''"),
        ("1,11,4", "timestamp is ''"),
        ("1,11,4,99999999999", "timestamp is '99999999999'"),
        ("1,11,4,-1", "timestamp is '-1'"),
        ("0,11,4,1000", "userId is '0'"),
        ("2147483648,11,4,1000", "userId is '2147483648'"),
        ("1" + "0" * 5000 + ",11,4,1000", "userId is '1000"),
        ("-1,11,4,1000", "userId is '-1'"),
        ("1,1_1,4,1000", "movieId is '1_1'"),
        ("1,11,4,-62135596800", "timestamp is '-62135596800'"),
        ("1,11,4,1" + "0" * 30, "timestamp is '1000"),
        ("1,11,4,1000.5", "timestamp is '1000.5'"),
        ("1,11,4,\u0661\u0660", "timestamp is '\u0661\u0660'"),
        ("1,11,4.0,1000,5", "5 cells, and the first line has 4"),
        ("x", "userId is 'x'"),
    ],
)
def test_one_row_that_cannot_be_read_changes_nothing(
    folder: Path, line: str, reason: str
) -> None:
    run(folder, ACCEPTED)
    before = versions_of_rows()
    write_folder(folder, [(5, 12, 1.0, 1000), line, (6, 12, 1.0, 1000)])

    error, complained = failing(folder, ACCEPTED)

    assert error.returncode == 2
    assert "Rows that cannot be read: 1; nothing was changed." in str(error)
    assert f"ratings.csv, line 3: {reason}" in complained
    assert versions_of_rows() == before


def test_it_names_the_first_of_many(folder: Path) -> None:
    write_folder(folder, ["x"] * 1000)

    error, complained = failing(folder, ACCEPTED)

    assert "cannot be read: 1000;" in str(error)
    assert len(complained.splitlines()) == 20


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ratings.csv", "1,11,4.0,1000\n", "has no column userId, movieId, rating"),
        ("ratings.csv", "", "has no column"),
        (
            "ratings.csv",
            'userId,movieId,rating,timestamp\n"1',
            "ratings.csv, line 2, cannot be read: unexpected end of data",
        ),
        (
            "ratings.csv",
            "userId,movieId,rating,timestamp\n",
            "None of its 0 ratings is of a film with an id of TMDb's",
        ),
        (
            "links.csv",
            "movieId,imdbId,tmdbId\n11,1,\n12,1,\n",
            "None of its 3 ratings is of a film with an id of TMDb's",
        ),
        ("links.csv", "movieId,imdbId\n", "has no column tmdbId"),
        ("movies.csv", "movieId,title\n", "has no column genres"),
    ],
)
def test_it_refuses_another_form(
    folder: Path, name: str, text: str, message: str
) -> None:
    (folder / name).write_text(text, encoding="utf-8")

    error, _ = failing(folder, ACCEPTED)

    assert error.returncode == 2
    assert message in str(error)
    assert not held()
    assert not genres()


@pytest.mark.parametrize("name", ["ratings.csv", "links.csv", "movies.csv"])
def test_it_names_a_file_that_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()

    error, _ = failing(folder, ACCEPTED)

    assert error.returncode == 2
    assert f"{name} cannot be read: No such file" in str(error)


GOOD_LINES = {
    "ratings.csv": b"userId,movieId,rating,timestamp\n1,11,4.0,1000\n",
    "links.csv": b"movieId,imdbId,tmdbId\n11,1,603\n",
    "movies.csv": b"movieId,title,genres\n11,Film,Action\n",
}


@pytest.mark.parametrize("name", list(GOOD_LINES))
@pytest.mark.parametrize(
    "line",
    [
        b"11,x\0,Dra\0ma",
        b"11,\0,1",
        b"11,\xff,Drama",
        b"11,Am\xe9lie,Drama",
        b"11,\xed\xa0\x80,Drama",
    ],
)
def test_it_names_a_line_that_is_no_text(folder: Path, name: str, line: bytes) -> None:
    run(folder, ACCEPTED)
    before = versions_of_rows()
    (folder / name).write_bytes(GOOD_LINES[name] + line + b"\n")

    error, _ = failing(folder, ACCEPTED)

    assert error.returncode == 2
    assert f"{name}, line 3, cannot be read: it is no UTF-8 text." in str(error)
    assert versions_of_rows() == before


def test_it_refuses_another_encoding(folder: Path) -> None:
    file = folder / "movies.csv"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-16")

    assert "movies.csv, line 1, cannot be" in str(failing(folder, ACCEPTED)[0])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_it_reads_lines_of_any_system(
    folder: Path, end: str, mark: str, *, last: bool
) -> None:
    for file in folder.glob("*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        text = mark + end.join(lines) + end * last
        file.write_bytes(text.encode())

    summary(folder)

    assert held() == {(1, 603, 9, 1000), (1, 604, 6, 1001), (2, 603, 1, 1002)}
    assert genres() == {603: ["Action", "Sci-Fi"], 604: []}


def test_of_two_ratings_of_one_film_the_later_counts(folder: Path) -> None:
    rows = [(1, 11, 4.0, 9), (1, 11, 1.0, 5), (2, 11, 4.0, 5), (2, 11, 2.0, 5)]
    write_folder(folder, rows)

    found = summary(folder)

    assert held() == {(1, 603, 8, 9), (2, 603, 4, 5)}
    assert (found["duplicates"], found["new"]) == (2, 2)


def test_it_refuses_two_ids_of_one_film(folder: Path) -> None:
    with (folder / "links.csv").open("a", encoding="utf-8") as file:
        file.write("11,0,603\r\n11,0,604\r\n")

    complained = failing(folder, ACCEPTED)[1]

    assert complained == "links.csv, line 6: movieId 11 had another tmdbId: 603\n"


def test_it_refuses_what_is_no_folder(tmp_path: Path) -> None:
    error, _ = failing(tmp_path / "none", ACCEPTED)

    assert (error.returncode, "is no folder" in str(error)) == (2, True)


def test_links_and_genres_are_checked_too(folder: Path) -> None:
    write_folder(folder, links=LINKS | {14: -3})
    (folder / "movies.csv").write_text("movieId,genres\nx,Drama\n", encoding="utf-8")

    complained = failing(folder, ACCEPTED)[1]

    assert "links.csv, line 5: tmdbId is '-3'" in complained
    assert "movies.csv, line 2: movieId is 'x'" in complained


def test_it_refuses_a_rating_from_the_future(folder: Path) -> None:
    late = int((timezone.now() + timedelta(days=2)).timestamp())
    write_folder(folder, [(1, 11, 4.0, late)])

    assert "timestamp is" in failing(folder, ACCEPTED)[1]


def test_the_largest_numbers_fit(folder: Path) -> None:
    most = 2**31 - 1
    write_folder(folder, [(most, most, 5.0, 0)], links={most: most}, genres={most: "X"})

    run(folder, ACCEPTED)

    assert held() == {(most, most, 10, 0)}
    found = read_interactions(told=lambda *_: None)
    assert (found.people.tolist(), found.films.tolist()) == ([-most], [most])


def test_a_database_that_breaks_off_changes_nothing(folder: Path) -> None:
    caught: list[CommandError] = []

    def bring_in() -> None:
        caught.append(failing(folder, ACCEPTED)[0])

    def end_it() -> None:
        give_up_at = monotonic() + 30
        while not (waiting := ask(WAITING)):
            assert monotonic() < give_up_at
        ask("SELECT pg_terminate_backend(%s)", waiting[0])

    with psycopg.connect(database_url()) as other:
        other.execute("LOCK TABLE recommendations_outsiderating IN EXCLUSIVE MODE")
        together(bring_in, end_it)

    assert caught[0].returncode == 1
    assert str(caught[0]).endswith("Nothing was changed.")
    assert not held()


# Many, and several at once


def test_two_at_once_do_no_harm(folder: Path) -> None:
    rows: list[Row] = crowd()
    write_folder(folder, rows, links={film: 1000 + film for film in range(1, 61)})

    found = together(*[partial(summary, folder)] * 2)

    assert sorted(one["new"] for one in found) == [0, len(rows)]
    assert OutsideRating.objects.count() == len(rows)


def test_forgetting_removes_everything(folder: Path, owner: User) -> None:
    make_rating(owner, make_movie(603))
    run(folder, ACCEPTED)
    told = StringIO()

    call_command("ratings", "forget-movielens", "--json", stdout=told)

    assert json.loads(told.getvalue()) == {"removed": 3}
    assert not held()
    assert not genres()
    assert Rating.objects.count() == 1


def test_moments_are_in_utc(folder: Path) -> None:
    run(folder, ACCEPTED)

    first = OutsideRating.objects.get(source_user=1, tmdb_id=603)
    assert first.rated_at == datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC)


def test_nothing_is_left_in_the_session(folder: Path) -> None:
    run(folder, ACCEPTED)

    assert "told_rating" not in connection.introspection.table_names()
