"""What a member takes along: everything, nobody else's, and safe to open."""

import csv
import json
import re
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from nexus.accounts.models import Role, Session, User
from nexus.playlists.models import Playlist
from nexus.ratings.models import Rating
from nexus.takeout.archive import make_archive
from nexus.takeout.cells import cell_of
from nexus.takeout.holdings import ACCOUNT, AUDIT, HOLDINGS, RATINGS, SESSIONS
from nexus.takeout.sources import Holding, Source
from tests.builders import (
    fill_playlist,
    make_movie,
    make_playlist,
    make_rating,
    make_user,
    make_viewing,
)
from tests.client import Answer, Api
from tests.everything import PROFILE, REVIEW, World, give_everything, make_world
from tests.query_count import count_queries

EXPORT = "/api/user/export/"
TABLES = [f"{found.name}.csv" for found in HOLDINGS if not found.is_single]


@dataclass(frozen=True)
class Archive:
    files: dict[str, bytes]

    @property
    def document(self) -> Any:
        return json.loads(self.files["nexus.json"])

    def table(self, name: str) -> list[list[str]]:
        text = self.files[f"{name}.csv"].decode()
        return list(csv.reader(StringIO(text, newline=""), strict=True))


def opened(answer: Answer) -> Archive:
    assert answer.status == 200, answer
    with ZipFile(BytesIO(b"".join(answer.response.streaming_content))) as archive:
        assert archive.testzip() is None
        return Archive({name: archive.read(name) for name in archive.namelist()})


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def grace(db: None) -> User:
    return make_user("grace-hopper", role=Role.ADMIN)


@pytest.fixture
def archive(grace: User, world: World) -> Archive:
    """What is held of a member of whom everything is held."""
    return opened(give_everything(grace, world).get(EXPORT))


def test_it_works(owner_api: Api) -> None:
    answer = owner_api.get(EXPORT)

    today = timezone.now().date()
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="nexus-owner-{today}.zip"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    files = opened(answer).files
    assert int(answer.headers["Content-Length"]) > 0
    assert sorted(files) == sorted(["README.txt", "nexus.json", *TABLES])


def test_it_tells_of_the_account(archive: Archive, grace: User) -> None:
    told = archive.document["account"]

    grace.refresh_from_db()
    last_login, created_at = told.pop("last_login_at"), told.pop("created_at")
    assert datetime.fromisoformat(last_login) == grace.last_login
    assert datetime.fromisoformat(created_at) == grace.created_at
    assert told == PROFILE | {
        "id": grace.pk,
        "username": "grace-hopper",
        "email": "grace-hopper@example.org",
        "name": "Grace-Hopper",
        "role": "admin",
        "is_active": True,
        "is_verified": False,
        "closed_at": None,
        "visibility": "public",
    }


def test_it_tells_of_a_pending_change_of_address(archive: Archive) -> None:
    told = archive.document["email_change"]

    assert told.pop("requested_at").endswith("Z")
    assert told == {
        "new_email": "new-grace-hopper@example.org",
        "old_confirmed_at": None,
        "new_confirmed_at": None,
    }


def test_it_tells_what_the_member_likes(archive: Archive, world: World) -> None:
    person, movie = world.person, world.movies[1]

    assert archive.document["preferences"] == [
        {"kind": "genre", "id": 18, "name": "Drama"},
        {"kind": "genre", "id": 878, "name": "Science Fiction"},
        {"kind": "person", "id": person.pk, "name": person.name},
        {"kind": "movie", "id": movie.pk, "name": movie.title},
    ]


def test_it_tells_ratings_and_who_hides_what(archive: Archive, grace: User) -> None:
    told = archive.document["ratings"]

    rows = Rating.objects.filter(user=grace).order_by("id")
    assert [row["id"] for row in told] == [row.pk for row in rows]
    assert [row["movie_id"] for row in told] == [row.movie_id for row in rows]
    assert [row["movie_title"] for row in told] == [row.movie.title for row in rows]
    assert [row["stars"] for row in told] == [4.5, 2, 1]
    assert [row["review"] for row in told] == [REVIEW, "Moths!", None]
    assert [row["contains_spoilers"] for row in told] == [True, False, False]
    assert [bool(row["review_hidden_at"]) for row in told] == [False, True, False]
    reasons = [row["review_hidden_reason"] for row in told]
    assert reasons == [None, "Not a moth.", None]


def test_it_tells_history_and_hidden_films(archive: Archive, world: World) -> None:
    document = archive.document

    first, _, third = ((movie.pk, movie.title) for movie in world.movies)
    days = [row["watched_on"] for row in document["history"]]
    assert days == ["1999-12-31", None]
    films = [(row["movie_id"], row["movie_title"]) for row in document["history"]]
    assert films == [first, first]
    hidden = document["hidden_movies"]
    assert [(row["movie_id"], row["movie_title"]) for row in hidden] == [third]


def test_it_tells_skipped_films(archive: Archive, world: World) -> None:
    (told,) = archive.document["skipped_movies"]

    assert told.pop("created_at").endswith("Z")
    movie = world.movies[1]
    assert told == {"movie_id": movie.pk, "movie_title": movie.title}


def test_it_tells_of_playlists_with_their_films(archive: Archive, grace: User) -> None:
    document = archive.document

    lists = {row["name"]: row for row in document["playlists"]}
    assert list(lists) == ["@Bugs", "Nothing yet"]
    bugs, items = lists["@Bugs"], document["playlist_items"]
    assert bugs["id"] == str(Playlist.objects.get(owner=grace, name="@Bugs").pk)
    assert (bugs["description"], bugs["visibility"]) == ("With wings", "public")
    assert (bugs["hidden_reason"], bool(bugs["hidden_at"])) == ("Not a moth.", True)
    assert {(row["playlist_id"], row["playlist_name"]) for row in items} == {
        (bugs["id"], "@Bugs")
    }
    assert [row["position"] for row in items] == [1, 2]
    assert [row["movie_title"] for row in items] == ["Brazil; @home", "=1+1"]
    assert [row["note"] for row in items] == [None, "-in the relay"]


def test_it_tells_of_sessions(archive: Archive, grace: User) -> None:
    told = archive.document["sessions"]

    rows = Session.objects.filter(user=grace).order_by("created_at")
    assert [row["id"] for row in told] == [str(row.pk) for row in rows]
    assert [row["device"] or "" for row in told] == [row.device for row in rows]
    assert {row["address_prefix"] for row in told} == {"127.0.0.0/24"}
    assert [bool(row["ended_at"]) for row in told] == [False, True]
    assert all(row["created_at"] < row["expires_at"] for row in told)


def test_it_tells_what_was_done(archive: Archive) -> None:
    told = archive.document["audit"]

    assert [(row["action"], row["by_you"], row["about_you"]) for row in told] == [
        ("review_hidden", False, True),
        ("playlist_hidden", False, True),
        ("refresh_token_reused", False, True),
        ("email_change_requested", True, True),
    ]
    assert told[0]["reason"] == "Not a moth."
    assert re.fullmatch(r"rating \d+", told[0]["subject"])


def test_it_tells_what_was_changed_by_admins(
    archive: Archive, grace: User, world: World
) -> None:
    told = archive.document["admin_log"]

    shown = [(row["kind"], row["object_id"], row["by_you"]) for row in told]
    assert shown == [
        ("user", str(world.colleague.pk), True),
        ("user", str(grace.pk), False),
    ]
    assert {row["action"] for row in told} == {"changed"}


def test_it_does_not_tell_who_moderates(archive: Archive, world: World) -> None:
    for content in archive.files.values():
        for other in (world.moderator, world.colleague):
            assert other.username.encode() not in content
            assert other.email.encode() not in content


def test_it_tells_moderators_what_they_did(world: World) -> None:
    give_everything(make_user("grace-hopper"), world)

    told = opened(world.moderator_api.get(EXPORT)).document["audit"]

    assert {(row["action"], row["by_you"], row["about_you"]) for row in told} == {
        ("review_hidden", True, False),
        ("playlist_hidden", True, False),
    }
    assert "grace" not in str(told)


def test_it_tells_no_secrets(archive: Archive, grace: User) -> None:
    sessions = Session.objects.filter(user=grace)
    hashes = [hash_ for row in sessions for hash_ in (row.refresh_hash, row.spent_hash)]

    for content in archive.files.values():
        assert grace.password.encode() not in content
        assert not any(hash_ and hash_.encode() in content for hash_ in hashes)
    columns = {name for found in HOLDINGS for name in found.header}
    assert columns.isdisjoint({"password", "version", "token_version", "generation"})


def test_it_tells_nothing_of_others(grace: User, world: World, api: Api) -> None:
    give_everything(make_user("ada-lovelace", role=Role.ADMIN), world)

    archive = opened(Api(grace).get(EXPORT))

    assert not any(b"ada-lovelace" in content for content in archive.files.values())
    document = archive.document
    held = [found.name for found in HOLDINGS if document[found.name]]
    assert held == ["account", "sessions"]
    assert document["email_change"] is None
    assert [archive.table(name)[1:] for name in ("ratings", "audit")] == [[], []]


@pytest.mark.parametrize("method", ["get", "head"])
def test_it_wants_a_member(api: Api, method: str) -> None:
    answer = api.call(method, EXPORT)

    assert answer.status == 401
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/zip", 200),
        ("text/html, application/*;q=0.1", 200),
        ("application/json", 200),
        ("image/png", 406),
    ],
)
def test_it_answers_whoever_takes_archives(
    owner_api: Api, accept: str, status: int
) -> None:
    answer = owner_api.get(EXPORT, headers={"Accept": accept})
    answer.response.close()

    assert answer.status == status


def test_it_fails_as_json_whatever_was_wanted(api: Api) -> None:
    answer = api.get(EXPORT, headers={"Accept": "application/zip"})

    assert (answer.status, answer.code) == (401, "not_authenticated")


def test_it_refuses_parameters(owner_api: Api) -> None:
    answer = owner_api.get(EXPORT, user="stranger")

    assert (answer.status, answer.field_code("user")) == (400, "unknown_parameter")


def test_it_is_limited(owner_api: Api, settings: Settings) -> None:
    settings.RATE_LIMITS = True

    answers = [owner_api.get(EXPORT) for _ in range(11)]
    for answer in answers:
        answer.response.close()

    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert '"export";q=10;w=3600' in answers[0].headers["RateLimit-Policy"]
    assert int(answers[-1].headers["Retry-After"]) > 300


def test_it_leaves_no_file_open(owner_api: Api) -> None:
    answer = owner_api.get(EXPORT)
    file = answer.response._resource_closers[0].__self__

    opened(answer)

    assert file.closed


def test_its_tables_say_what_the_document_says(archive: Archive) -> None:
    for found in HOLDINGS:
        if not found.is_single:
            header, *rows = archive.table(found.name)
            assert header == found.header
            told = [list(row.values()) for row in archive.document[found.name]]
            # A day or instant is guarded as little as a number is.
            assert rows == [[as_cell(value) for value in row] for row in told]
            assert rows, found.name


def as_cell(value: object) -> str:
    return str(cell_of(value))


@pytest.mark.parametrize("name", TABLES)
def test_its_tables_follow_the_rules_of_csv(archive: Archive, name: str) -> None:
    text = archive.files[name].decode()

    outside_quotes = re.sub(r'"(?:[^"]|"")*"', "", text)
    assert re.fullmatch(r'([^"\r\n]+\r\n)+', outside_quotes)
    widths = {len(row) for row in archive.table(name.removesuffix(".csv"))}
    assert len(widths) == 1


def test_its_instants_are_utc(archive: Archive) -> None:
    instants = [
        value
        for found in HOLDINGS
        if not found.is_single
        for row in archive.document[found.name]
        for name, value in row.items()
        if name.endswith("_at") and value is not None
    ]

    assert len(instants) > 10
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    assert all(re.fullmatch(shape, value) for value in instants)


def test_it_keeps_the_text_as_it_was_in_the_document(archive: Archive) -> None:
    titles = {row["movie_title"] for row in archive.document["ratings"]}

    assert titles == {"=1+1", "Brazil; @home", 'Amélie, "l\'été"'}


@pytest.mark.parametrize(
    ("table", "column", "cells"),
    [
        ("ratings", "movie_title", ["'=1+1", "Brazil; '@home", 'Amélie, "l\'été"']),
        ("ratings", "review", ["'" + REVIEW, "Moths!", ""]),
        ("playlists", "name", ["'@Bugs", "Nothing yet"]),
        ("playlist_items", "note", ["", "'-in the relay"]),
    ],
)
def test_it_disarms_formulas_in_tables(
    archive: Archive, table: str, column: str, cells: list[str]
) -> None:
    header, *rows = archive.table(table)

    assert [row[header.index(column)] for row in rows] == cells


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\uff1d1", "'\uff1d1"),
        ("  =1", "  '=1"),
        ("\t=1", "\t'=1"),
        ("\r\n=1", "\r\n'=1"),
        ("a\n- b\n- c", "a\n'- b\n'- c"),
        ("a;=1;+2", "a;'=1;'+2"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'71", "'71"),
        ("Spider-Man", "Spider-Man"),
        ("Mission: Impossible - Fallout", "Mission: Impossible - Fallout"),
        ("1 + 1 = 2", "1 + 1 = 2"),
        ("", ""),
    ],
)
def test_it_disarms_what_may_begin_a_cell(text: str, cell: str) -> None:
    told = str(cell_of(text))

    assert told == cell
    assert restored(told) == text


def restored(cell: str) -> str:
    """Do what the README says."""
    return re.sub(r"(^\s*|[;\t\r\n] *)'('*[=+\-@\uff1d])", r"\1\2", cell)


def test_it_disarms_long_texts_in_no_time() -> None:
    text = "\n" * 10_000 + ";" * 10_000 + " " * 10_000 + "'" * 10_000

    assert cell_of(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-7, -7),
        (4.5, 4.5),
        (datetime(2026, 11, 21, 9, 30, tzinfo=UTC), "2026-11-21T09:30:00Z"),
    ],
)
def test_it_writes_values_as_the_api_does(value: object, cell: object) -> None:
    assert cell_of(value) == cell


def test_its_readme_explains(archive: Archive) -> None:
    readme = archive.files["README.txt"].decode()

    words = " ".join(readme.split())
    assert words.startswith("Everything that Nexus holds of grace-hopper, as of 20")
    assert "an apostrophe stands before = + - or @" in words
    for found in HOLDINGS:
        assert f'"{found.name}": {found.about}' in words
    for name in (*TABLES, "nexus.json", "password", "refresh_hash"):
        assert name in readme
    assert max(map(len, readme.splitlines())) <= 90


def test_it_takes_as_many_queries_for_many(owner: User, owner_api: Api) -> None:
    counts = []
    for n in (1, 9, 90):
        make_rows(owner, n)
        counts.append(count_queries(lambda: opened(owner_api.get(EXPORT))))

    assert len(set(counts)) == 1, counts


def make_rows(user: User, n: int) -> None:
    for number in range(n):
        movie = make_movie()
        make_rating(user, movie)
        make_viewing(user, movie)
        fill_playlist(make_playlist(user, name=f"{number}"), movie)
        Api(user)


def test_it_takes_as_much_memory_for_many(owner: User) -> None:
    make_rating(owner, make_movie(1), review="A review of some length. " * 20)
    peaks = []
    for movies in (range(2, 3_000), range(3_000, 10_000)):
        copy_rating(movies)
        peaks.append(peak_of(lambda: make_archive(user=owner, now=timezone.now())))

    assert peaks[1] < peaks[0] * 1.2


def copy_rating(movies: range) -> None:
    """Have whoever rated film 1 rate copies of it."""
    with connection.cursor() as cursor:
        for table, film in (("catalog_movie", "id"), ("ratings_rating", "movie_id")):
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(one,"  # noqa: S608
                f" jsonb_build_object('id', n + 1000, '{film}', n))).*"
                f" FROM {table} one, generate_series(%s, %s) n WHERE one.{film} = 1",
                [movies.start, movies.stop - 1],
            )


def peak_of(call: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        call().close()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_it_mentions_every_table_that_leads_to_a_member() -> None:
    assert untold(HOLDINGS) == set()


@pytest.mark.parametrize("found", HOLDINGS, ids=lambda found: found.name)
def test_it_would_miss_a_table(found: Holding) -> None:
    others = [other for other in HOLDINGS if other != found]

    assert {field.partition(".")[0] for field in untold(others)} == {
        source.model.__name__ for source in found.sources
    }


@pytest.mark.parametrize(
    ("holding", "column"),
    [(ACCOUNT, "bio"), (RATINGS, "review"), (SESSIONS, "device"), (AUDIT, "about_you")],
    ids=lambda value: getattr(value, "name", value),
)
def test_it_would_miss_a_column(holding: Holding, column: str) -> None:
    (source,) = holding.sources
    fewer = {name: source.columns[name] for name in source.columns if name != column}
    members = tuple(path for path in source.members if path != "member")
    poorer = replace(source, columns=fewer, members=members)
    others = [other for other in HOLDINGS if other != holding]

    missed = untold([*others, replace(holding, sources=(poorer,))])

    assert len(missed) == 1


def test_it_leaves_out_only_what_there_is() -> None:
    for source in sources_of(HOLDINGS):
        assert source.left_out.keys() <= {
            field.name for field in source.model._meta.concrete_fields
        }


def untold(holdings: Iterable[Holding]) -> set[str]:
    """Return the columns of tables that lead to a member which no holding mentions."""
    told = {name for source in sources_of(holdings) for name in told_by(source)}
    columns = {
        f"{model.__name__}.{field.name}": f"{model.__name__}.{field.attname}"
        for model in models_of_members()
        for field in model._meta.concrete_fields
    }
    return {name for name, alias in columns.items() if told.isdisjoint({name, alias})}


def told_by(source: Source) -> set[str]:
    """Return what the source mentions of its own table, as Model.field."""
    places = [place for place in source.columns.values() if isinstance(place, str)]
    own = {place.partition("__")[0] for place in [*places, *source.members]}
    return {f"{source.model.__name__}.{name}" for name in own | source.left_out.keys()}


def sources_of(holdings: Iterable[Holding]) -> list[Source]:
    return [source for found in holdings for source in found.sources]


def models_of_members() -> set[type[Model]]:
    """Return the models whose rows belong to a member, however many steps away."""
    found: set[type[Model]] = {User}
    models = apps.get_models(include_auto_created=True)
    while more := {model for model in models if leads_to(model, found)} - found:
        found |= more
    return found


def leads_to(model: type[Model], targets: set[type[Model]]) -> bool:
    return any(field.related_model in targets for field in model._meta.concrete_fields)
