"""The bytes kept before Django: who gets them, for how long, and who never does."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from prometheus_client import REGISTRY
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.api.edge.changes import (
    BEAT_S,
    DEAF_AFTER_S,
    GATHERED_S,
    Changes,
    connect,
)
from nexus.api.edge.gate import (
    GRACE_S,
    LAST_RESORT_S,
    PATHS,
    UNHEARD_S,
    Environ,
    StartResponse,
    in_order,
    is_our_host,
)
from nexus.api.edge.shelf import OVERHEAD_BYTES, UNASKED_S
from nexus.api.endpoint import Endpoint, PublicEndpoint
from nexus.api.metrics import DEAF
from nexus.api.negotiation import LONGEST_ACCEPT, names_json
from nexus.api.urls import urlpatterns
from nexus.catalog import queries
from nexus.catalog.copies import UNTOLD_S
from nexus.catalog.models import Genre, Movie
from nexus.database.options import NOTICING
from tests.api.edge_caller import PATIENCE_S, Caller, heard, unstarted
from tests.builders import make_genres, make_movie, make_rating
from tests.client import Api
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/movies/"


@pytest.fixture(autouse=True)
def forget_hosts() -> Iterator[None]:
    """They are remembered for a process, whose settings do not change."""
    yield
    is_our_host.cache_clear()


@pytest.fixture
def movie() -> Movie:
    make_genres()
    return make_movie(603, title="The Matrix")


@pytest.fixture
def changes(movie: Movie) -> Iterator[Changes]:
    with heard() as found:
        yield found


@pytest.fixture
def caller(changes: Changes, movie: Movie) -> Caller:
    return Caller(changes)


def test_it_tells_again_what_django_said_once(caller: Caller) -> None:
    first, second = caller.get(LIST), caller.get(LIST)

    assert caller.made == 1
    assert (second.status, second.body) == (200, first.body)
    own = {"X-Request-ID", "RateLimit", "RateLimit-Policy"}
    assert {
        name
        for name in first.headers
        if first.headers[name] != second.headers.get(name)
    } <= own


@pytest.mark.parametrize(
    "path",
    [
        "/api/movies/603/",
        "/api/movies/603/similar/",
        "/api/movies/603/recommendations/",
        "/api/movies/trending/",
        "/api/movies/top_rated/",
        "/api/genres/",
        "/movies/603",
    ],
)
def test_it_keeps_every_public_read_of_the_catalogue(caller: Caller, path: str) -> None:
    first, second = caller.get(path), caller.get(path)

    assert (first.status, second.body, caller.made) == (200, first.body, 1)


def test_it_counts_what_it_tells_like_what_django_answers(caller: Caller) -> None:
    told = 'nexus_edge_answers_total{how="told"}'
    asked = 'nexus_requests_total{method="GET",route="api/movies/",status="200"}'
    before = [number_of(metric) for metric in (told, asked)]

    for _ in range(3):
        caller.get(LIST)

    after = [number_of(metric) for metric in (told, asked)]
    assert [new - old for old, new in zip(before, after, strict=True)] == [2, 3]


def number_of(metric: str) -> float:
    lines = Api().get("/metrics").response.content.decode().splitlines()
    return float(dict(line.rsplit(" ", 1) for line in lines).get(metric, 0))


def test_it_answers_304_to_whoever_has_it(caller: Caller) -> None:
    etag = caller.get(LIST).headers["ETag"]

    known = caller.get(LIST, HTTP_IF_NONE_MATCH=f'"other", W/{etag}')

    assert (known.status, known.body, known.headers["ETag"]) == (304, b"", etag)
    assert "Content-Length" not in known.headers


def test_it_keeps_the_whole_answer_when_the_first_caller_has_it(caller: Caller) -> None:
    caller.get(LIST, HTTP_IF_NONE_MATCH="*")

    assert caller.get(LIST).titles == ["The Matrix"]
    assert caller.made == 1


def test_it_gives_each_caller_the_links_of_their_own_host(caller: Caller) -> None:
    with caller.change():
        make_movie(604)

    paths = [
        caller.get(f"{LIST}?page_size=1", HTTP_HOST=host).json["next"]
        for host in ("localhost", "127.0.0.1:8000")
    ]

    assert paths == [
        "http://localhost/api/movies/?page=2&page_size=1",
        "http://127.0.0.1:8000/api/movies/?page=2&page_size=1",
    ]
    assert caller.made == 1


def test_it_changes_no_address_that_a_film_names(
    caller: Caller, movie: Movie, settings: Settings
) -> None:
    is_our_host.cache_clear()
    settings.ALLOWED_HOSTS = ["*"]
    Movie.objects.filter(pk=movie.pk).update(poster_path="/poster.jpg")
    first = caller.get(LIST, HTTP_HOST="image.tmdb.org", **{"wsgi.url_scheme": "https"})

    other = caller.get(LIST, HTTP_HOST="evil.example", **{"wsgi.url_scheme": "https"})

    poster = "https://image.tmdb.org/t/p/w500/poster.jpg"
    assert first.json["results"][0]["poster_url"] == poster
    assert other.json["results"][0]["poster_url"] == poster


def test_it_never_tells_its_mark(caller: Caller) -> None:
    with caller.change():
        make_movie(604)
    mark = caller.gate.mark.encode()
    paths = (
        f"{LIST}?page_size=1",
        f"{LIST}?page=9",
        "/api/movies/603/ratings/?page_size=1",
    )

    assert all(mark not in caller.get(path).body for path in paths for _ in range(2))


def test_it_takes_parameters_in_any_order_for_the_same(caller: Caller) -> None:
    first = caller.get(f"{LIST}?page_size=1&ordering=title")
    second = caller.get(f"{LIST}?ordering=%74itle&page_size=1")

    assert (second.body, caller.made) == (first.body, 1)


@pytest.mark.parametrize(
    "query",
    [
        "surprise=1",
        "page=1&page=1",
        "page=0",
        "page=99",
        "genre=" + "9" * 2000,
        "a&" * 50,
    ],
)
def test_it_keeps_no_refusal(caller: Caller, query: str) -> None:
    caller.get(f"{LIST}?{query}")

    assert not caller.gate.shelf.kept


def test_it_refuses_a_foreign_host_as_before(caller: Caller) -> None:
    caller.get(LIST)

    assert caller.get(LIST, HTTP_HOST="evil.example").status == 400
    assert caller.get(LIST, HTTP_HOST="").status == 400


def test_it_hears_no_header_that_a_caller_can_invent(caller: Caller) -> None:
    first = caller.get(LIST)
    invented = {
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_ORIGINAL_URL": "/admin/",
        "HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE",
        "HTTP_ACCEPT_LANGUAGE": "xx",
        "HTTP_COOKIE": "sessionid=1",
        "HTTP_AUTHORIZATION": "Bearer nonsense",
        "HTTP_RANGE": "bytes=0-1",
    }

    second = caller.get(LIST, **invented)

    assert (second.status, second.body, len(caller.gate.shelf.kept)) == (
        200,
        first.body,
        1,
    )


def test_it_leaves_what_is_no_json_to_django(caller: Caller) -> None:
    caller.get(LIST)

    assert caller.get(LIST, HTTP_ACCEPT="text/html").status == 406


def test_it_tells_only_allowed_origins_apart(
    caller: Caller, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    allowed = "Access-Control-Allow-Origin"
    origins = ("https://app.example", "https://evil.example", "https://app.example/x")

    told = [caller.get(LIST, HTTP_ORIGIN=origin) for origin in origins * 2]

    assert [one.headers.get(allowed) for one in told[:2]] == [origins[0], None]
    assert allowed not in caller.get(LIST).headers
    assert {key[-1] for key in caller.gate.shelf.kept} == {origins[0], ""}


def test_it_keeps_nothing_of_a_member(caller: Caller, owner: User) -> None:
    token = Api(owner).headers["Authorization"]
    make_rating(owner, Movie.objects.get(), stars=5)
    paths = [path for path, view in routes() if not issubclass(view, PublicEndpoint)]
    for path in (*paths, *(path.removeprefix("/api") for path in paths), LIST):
        told = caller.get(path, HTTP_AUTHORIZATION=token)
        assert told.status == 200, path

    assert [key[1] for key in caller.gate.shelf.kept] == [LIST]
    kept = b"".join(
        part for one in caller.gate.shelf.kept.values() for part in one.parts
    )
    assert owner.username.encode() not in kept


def routes() -> Iterator[tuple[str, type[Endpoint]]]:
    """Yield those among which the gate looks for what it may keep, with their views."""
    for noun in urlpatterns:
        for route in noun.url_patterns:
            path = re.sub("<movie_id:.*?>", "603", f"/{noun.pattern}{route.pattern}")
            if PATHS.match(path):
                view: Any = route.callback
                yield path, view.view_class


def test_what_may_be_kept_is_made_without_a_look_at_who_asks() -> None:
    public = [view for _, view in routes() if issubclass(view, PublicEndpoint)]

    assert public
    assert not [view for view in public if view.authentication_classes]


def test_it_keeps_nothing_that_names_who_asked(caller: Caller) -> None:
    """A view that shares what it must not, as its headers show."""
    caller.django = partial(tell_more, caller.django, ("Set-Cookie", "a=b"))

    assert caller.get(LIST).status == 200
    assert not caller.gate.shelf.kept


def tell_more(
    django: Any,
    header: tuple[str, str],
    environ: Environ,
    start_response: StartResponse,
) -> Any:
    return django(
        environ, lambda status, headers: start_response(status, [*headers, header])
    )


def test_a_change_is_told_within_a_second() -> None:
    """A change; one while the connection is lost; one where nothing is ever heard.

    Each to whoever need not wait while the answer is made anew, and where nothing is
    heard of what a process remembers as well.
    """
    assert GATHERED_S + BEAT_S + GRACE_S <= 1
    assert DEAF_AFTER_S + GRACE_S <= 1
    assert UNTOLD_S + UNHEARD_S + GRACE_S <= 1


def test_a_change_is_told_soon(
    caller: Caller, movie: Movie, count: Callable[[str], None]
) -> None:
    caller.get(LIST)
    before = caller.changes.generation

    with transaction.atomic():
        Movie.objects.filter(pk=movie.pk).update(title="Matrix Again")

    count(f"seconds until a change was known: {caller.wait_for_change(before):.1f}")
    assert caller.get(LIST).titles == ["Matrix Again"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_genre SET name = 'Other'",
        "INSERT INTO catalog_person (id, name) VALUES (1, 'Somebody')",
        "DELETE FROM catalog_credit",
        "TRUNCATE catalog_movietext",
        "DELETE FROM catalog_movie_keywords",
        "UPDATE catalog_keyword SET name = 'Other'",
        "DELETE FROM catalog_movie",
    ],
)
def test_a_change_by_any_hand_is_told(
    changes: Changes, movie: Movie, statement: str
) -> None:
    caller = Caller(changes)
    before = changes.generation

    with connection.cursor() as cursor:
        cursor.execute(statement)

    caller.wait_for_change(before)
    assert changes.generation > before


def test_a_change_taken_back_is_no_change(caller: Caller, movie: Movie) -> None:
    before = caller.changes.generation
    with transaction.atomic():
        Movie.objects.filter(pk=movie.pk).update(title="Matrix Again")
        transaction.set_rollback(True)

    Movie.objects.filter(pk=movie.pk).update(title="Matrix At Last")

    caller.wait_for_change(before)
    assert caller.changes.generation == before + 1


def test_a_change_while_django_answers_makes_the_answer_stale(caller: Caller) -> None:
    answer = caller.answer

    def change_meanwhile(environ: Environ, start_response: StartResponse) -> Any:
        body = answer(environ, start_response)
        caller.changes.generation += 1
        return body

    caller.inner = change_meanwhile
    caller.get(LIST)
    caller.inner = answer

    caller.get(LIST)

    assert caller.made == 2


def test_others_need_not_wait_while_one_has_it_made_anew(caller: Caller) -> None:
    caller.get(LIST)
    caller.changes.generation += 1
    answer, asked = caller.answer, list[None]()

    def ask_meanwhile(environ: Environ, start_response: StartResponse) -> Any:
        asked.append(None)
        if len(asked) == 1:
            assert caller.get(LIST).status == 200
            caller.now += 2 * GRACE_S
            assert caller.get(LIST).status == 200
        return answer(environ, start_response)

    caller.inner = ask_meanwhile
    caller.get(LIST)

    assert len(asked) == 2  # who came within the grace got the old one


def test_it_asks_again_when_the_time_is_over(movie: Movie) -> None:
    caller = Caller(unstarted(hears=True))
    caller.get(LIST)
    caller.now += 59.9
    caller.get(LIST)
    assert caller.made == 1

    caller.now += 0.2
    caller.get(LIST)

    assert caller.made == 2


def test_where_changes_are_not_heard_it_keeps_an_answer_for_a_second(
    movie: Movie,
) -> None:
    caller = Caller(unstarted(hears=False))
    caller.get(LIST)
    caller.now += UNHEARD_S - 0.01
    caller.get(LIST)
    assert caller.made == 1

    caller.now += 0.02
    caller.get(LIST)

    assert caller.made == 2


def test_while_django_fails_it_tells_what_it_has_for_a_while(caller: Caller) -> None:
    first = caller.get(LIST)
    caller.fails = True
    caller.changes.generation += 1
    assert caller.get(LIST).body == first.body

    caller.now += LAST_RESORT_S + GRACE_S

    assert [caller.get(LIST).status for _ in range(2)] == [503, 503]
    assert caller.get(f"{LIST}?page_size=2").status == 503


def test_while_django_fails_one_caller_at_a_time_finds_out(caller: Caller) -> None:
    caller.get(LIST)
    caller.changes.generation += 1
    caller.inner = partial(fail_slowly, caller)
    caller.made = 0

    told = []
    for _ in range(3):
        told += [caller.get(LIST).status for _ in range(5)]
        caller.now += 2 * GRACE_S

    assert (set(told), caller.made) == ({200}, 3)


def fail_slowly(caller: Caller, environ: Environ, start_response: StartResponse) -> Any:
    """Fail as whoever waits for TMDb does."""
    caller.made += 1
    caller.now += 4.0
    return refuse("503 No Service", environ, start_response)


def test_a_refusal_of_one_caller_ends_the_patience_with_failures(
    caller: Caller,
) -> None:
    """Else who is refused might find out forever, and others never hear of a change."""
    caller.get(LIST)
    caller.changes.generation += 1
    for status in ("503 No Service", *["429 Too Many Requests"] * 2):
        caller.now += 2 * GRACE_S
        caller.inner = partial(refuse, status)
        caller.get(LIST)
    caller.inner, caller.made = caller.answer, 0

    caller.get(LIST)

    assert caller.made == 1


def test_what_is_told_while_django_fails_has_what_it_says_of_the_request(
    caller: Caller,
) -> None:
    said = [("X-Request-ID", "django's"), ("RateLimit", "a"), ("RateLimit-Policy", "b")]
    caller.get(LIST)
    caller.changes.generation += 1

    def fail(environ: Any, start_response: Any) -> Any:
        start_response("503 No Service", said)
        return [b""]

    caller.inner = fail

    told = caller.get(LIST)

    assert told.status == 200
    assert {name: told.headers[name] for name, _ in said} == dict(said)


def test_it_forgets_what_django_says_is_gone(caller: Caller, movie: Movie) -> None:
    path = f"/api/movies/{movie.pk}/"
    caller.get(path)
    with caller.change():
        movie.delete()

    gone = caller.get(path)

    caller.fails = True
    assert (gone.status, caller.get(path).status) == (404, 503)
    assert caller.gate.shelf.bytes == 0


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 No Service"])
def test_it_forgets_nothing_that_django_only_puts_off(
    caller: Caller, status: str
) -> None:
    caller.get(LIST)
    caller.changes.generation += 1
    caller.inner = partial(refuse, status)
    caller.get(LIST)

    caller.fails, caller.inner = True, caller.answer

    assert caller.get(LIST).titles == ["The Matrix"]


def refuse(status: str, _environ: Environ, start_response: StartResponse) -> Any:
    start_response(status, [])
    return [b""]


def test_a_failure_that_nobody_foresaw_is_told_as_django_tells_it(
    caller: Caller,
) -> None:
    with broken("catalog_genre"):
        failed = caller.get("/api/genres/", HTTP_X_REQUEST_ID="mine")

    assert (failed.status, failed.json["code"]) == (500, "internal_error")
    assert failed.headers["X-Request-ID"] == "mine"
    assert not caller.gate.shelf.kept


@contextmanager
def broken(table: str) -> Iterator[None]:
    """Rename the table for a while."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO broken")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE broken RENAME TO {table}")


def test_it_counts_the_keys_that_callers_write(caller: Caller) -> None:
    caller.get("/movies/603/")
    short = caller.gate.shelf.bytes

    caller.get("/api/movies/603/")

    assert caller.gate.shelf.bytes - short == short + len("/api")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("HTTP_HOST", "a" * 256),
        ("HTTP_ACCEPT", "application/json" + " " * LONGEST_ACCEPT),
        ("QUERY_STRING", "search=caf\xe9"),
    ],
)
def test_it_leaves_what_is_unusual_to_django(
    caller: Caller, settings: Settings, header: str, value: str
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for remembers in (is_our_host, names_json, in_order):
        remembers.cache_clear()

    told = [caller.get(LIST, **{header: value}).status for _ in range(2)]

    assert (told, caller.made) == ([200] * 2, 2)
    assert not caller.gate.shelf.kept


def test_an_answer_has_the_same_etag_past_the_gate(
    caller: Caller, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    with caller.change():
        make_movie(604)
    path = f"{LIST}?page_size=1"

    told = [
        caller.get(path),
        caller.get(path),
        caller.get(path, method="HEAD"),
        caller.get(path, HTTP_ORIGIN="https://other.example"),
    ]

    assert len({one.headers["ETag"] for one in told}) == 1
    assert told[0].body == told[1].body == told[3].body
    etag = told[0].headers["ETag"]
    passed = {"HTTP_ORIGIN": "https://other.example", "HTTP_IF_NONE_MATCH": etag}
    assert caller.get(path, **passed).status == 304


def test_a_change_is_known_to_what_the_process_remembers(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "NAMES_KEPT_S", 3600.0)
    assert "Drama" in names_told(caller)
    with caller.change():
        Genre.objects.filter(name="Drama").update(name="Tears")

    assert "Tears" in names_told(caller)


def names_told(caller: Caller) -> set[str]:
    return {genre["name"] for genre in caller.get("/api/genres/").json}


def test_each_outage_of_the_listener_is_told(
    movie: Movie, caplog: pytest.LogCaptureFixture
) -> None:
    with heard() as changes:
        for outages in (1, 2):
            before = changes.generation
            cut_off_listeners()
            until(lambda: changes.generation > before and changes.hears())  # noqa: B023  called at once
            until(lambda: not changes.is_outage_said)

            told = [one for one in caplog.messages if "not heard" in one]
            assert len(told) == outages


def test_it_is_deaf_as_soon_as_its_connection_is_lost(movie: Movie) -> None:
    """Also as long as another one does not come, and however short that is ago."""
    DEAF.set(0)
    told = list[tuple[bool, float | None]]()

    def connect_and_tell() -> psycopg.Connection[Any]:
        deaf = REGISTRY.get_sample_value("nexus_edge_deaf_processes")
        told.append((listener.hears(), deaf))
        return connect()

    listener = Changes(connect_and_tell, clock=lambda: 0.0)
    listener.start()
    try:
        until(listener.hears)
        cut_off_listeners()
        until(lambda: len(told) == 2)
    finally:
        listener.stop()

    assert told == [(False, 1.0)] * 2


def cut_off_listeners() -> None:
    """End the connections that listen, and no others, of this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE '%pg_notify%'"
        )


def until(is_so: Callable[[], bool]) -> None:
    give_up_at = monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < give_up_at


def test_it_notices_when_the_database_is_gone_without_a_word(movie: Movie) -> None:
    with connect() as listener:
        found = listener.info.get_parameters()

    assert {name: found[name] for name in NOTICING} == {
        name: str(value) for name, value in NOTICING.items()
    }


def test_it_stays_within_its_memory(changes: Changes, movie: Movie) -> None:
    caller = Caller(changes, most_bytes=40 * OVERHEAD_BYTES)
    for size in range(1, 41):
        caller.get(f"{LIST}?page_size={size}")
        caller.get(f"{LIST}?page_size=1")

    shelf = caller.gate.shelf
    assert shelf.bytes == sum(one.size for one in shelf.kept.values())
    assert 0 < shelf.bytes <= shelf.most_bytes
    before = caller.made
    caller.get(f"{LIST}?page_size=1")
    assert caller.made == before  # what is used stays


def test_what_nobody_asks_for_goes_though_there_is_room(caller: Caller) -> None:
    for size in (1, 2, 3):
        caller.get(f"{LIST}?page_size={size}")
    caller.now += UNASKED_S
    caller.get(f"{LIST}?page_size=2")
    caller.now += 1

    caller.get(f"{LIST}?page_size=4")

    shelf = caller.gate.shelf
    assert [key[2] for key in shelf.kept] == [
        "[('page_size', '2')]",
        "[('page_size', '4')]",
    ]
    assert shelf.bytes == sum(one.size for one in shelf.kept.values())


def test_many_callers_at_once_get_whole_answers(caller: Caller) -> None:
    def ask() -> set[tuple[int, bytes]]:
        return {(one.status, one.body) for one in map(caller.get, [LIST] * 20)}

    found = together(*[ask] * 8)

    assert len(set.union(*found)) == 1


def test_it_says_the_callers_own_request_id(caller: Caller) -> None:
    caller.get(LIST)

    assert caller.get(LIST, HTTP_X_REQUEST_ID="mine").headers["X-Request-ID"] == "mine"
    ids = {
        caller.get(LIST, HTTP_X_REQUEST_ID="no\nid").headers["X-Request-ID"]
        for _ in range(3)
    }
    assert len(ids) == 3
    assert caller.made == 1
