"""Every failure has the same shape, wherever it comes from."""

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.test import Client, override_settings

from nexus.api import errors
from nexus.api.errors import DATABASE_AWAY, failure_of, note
from nexus.lib.seldom import Seldom
from tests.client import Answer, Api


def assert_shape(answer: Answer, *, status: int, code: str) -> None:
    assert answer.status == status
    assert answer.json["status"] == "error"
    assert answer.code == code
    assert answer.json["message"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_covers_unknown_paths(api: Api) -> None:
    assert_shape(api.get("/api/nothing/"), status=404, code="not_found")


@pytest.mark.parametrize("path", ["/movies/99999999999", "/ratings/x", "/playlists/7"])
def test_it_covers_impossible_ids(api: Api, path: str) -> None:
    assert_shape(api.get(path), status=404, code="not_found")


@pytest.mark.parametrize("body", [[1], '"text"', "1", "true"])
def test_it_tells_the_body_that_is_no_object_in_words_of_json(
    api: Api, body: object
) -> None:
    answer = api.post("/api/auth/login/", body)

    assert_shape(answer, status=400, code="validation_error")
    told = {"code": "invalid", "message": "Give a JSON object."}
    assert answer.json["errors"] == {"body": [told]}


def test_it_tells_what_is_no_list_in_words_of_json(owner_api: Api) -> None:
    answer = owner_api.post("/api/user/preferences/", {"genres": "Drama"})

    assert_shape(answer, status=400, code="validation_error")
    told = {"code": "not_a_list", "message": "Give a list."}
    assert answer.json["errors"] == {"genres": [told]}


def test_it_covers_wrong_methods(api: Api) -> None:
    answer = api.patch("/api/movies/", {})

    assert_shape(answer, status=405, code="method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_it_covers_missing_tokens(api: Api) -> None:
    answer = api.get("/api/ratings/")

    assert_shape(answer, status=401, code="not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_it_covers_wrong_content_types(owner_api: Api) -> None:
    answer = owner_api.call(
        "post", "/api/ratings/", data="stars=4", content_type="text/plain"
    )

    assert_shape(answer, status=415, code="unsupported_media_type")


def test_it_covers_answers_nobody_can_render(api: Api) -> None:
    answer = api.get("/api/movies/", headers={"Accept": "text/csv"})

    assert_shape(answer, status=406, code="not_acceptable")


BROKEN_BODIES = [
    b"{",
    b'{"stars": NaN}',
    b'{"review": "\\ud800"}',
    b"\xff\xfe",
    b"[" * 5000,
    b'{"a": ' * 30 + b"1" + b"}" * 30,
]


@pytest.mark.parametrize("body", BROKEN_BODIES)
def test_it_covers_bodies_that_cannot_be_read(owner_api: Api, body: bytes) -> None:
    answer = owner_api.call(
        "post", "/api/ratings/", data=body, content_type="application/json"
    )

    assert_shape(answer, status=400, code="parse_error")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"true", b"null"])
def test_it_covers_bodies_that_are_no_objects(owner_api: Api, body: bytes) -> None:
    answer = owner_api.call(
        "post", "/api/ratings/", data=body, content_type="application/json"
    )

    assert_shape(answer, status=400, code="validation_error")


def test_it_covers_bodies_that_are_too_large(owner_api: Api) -> None:
    answer = owner_api.post("/api/ratings/", {"review": "x" * 1_100_000})

    assert_shape(answer, status=413, code="payload_too_large")


def test_it_covers_hosts_we_are_not(db: None) -> None:
    answer = Answer(Client().get("/api/movies/", headers={"Host": "evil.example"}))

    assert_shape(answer, status=400, code="bad_request")


@pytest.mark.parametrize(
    ("query", "host"),
    [("", "evil.example"), (f"?{'a&' * 1_001}", "testserver")],
    ids=["a host that is not ours", "too many parameters"],
)
def test_what_any_caller_may_do_wrong_is_no_error_in_the_log(
    db: None, caplog: pytest.LogCaptureFixture, query: str, host: str
) -> None:
    answer = Answer(Client().get(f"/api/movies/{query}", headers={"Host": host}))

    assert_shape(answer, status=400, code="bad_request")
    assert [one for one in caplog.records if one.levelname != "INFO"] == []


def test_it_covers_forms_of_other_sites(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = Answer(client.post("/admin/login/", {"username": "a", "password": "b"}))

    assert_shape(answer, status=403, code="csrf_failed")
    # Nothing else says why.
    [told] = [one for one in caplog.records if one.levelname == "WARNING"]
    assert told.getMessage() == "Forbidden (CSRF cookie not set.): /admin/login/"
    assert told.exc_info is None


def test_it_covers_our_own_mistakes(api: Api) -> None:
    with override_settings(ROOT_URLCONF="tests.api.broken_urls"):
        answer = api.get("/broken/")

    assert_shape(answer, status=500, code="internal_error")
    assert "a secret detail" not in answer.response.content.decode()


def test_it_calls_a_lost_database_unavailable() -> None:
    failure = failure_of(OperationalError("connection to 10.0.0.7 lost"))

    assert failure is not None
    assert (failure.status, failure.code) == (503, "database_unavailable")
    assert failure.headers["Retry-After"]
    assert "10.0.0.7" not in failure.message


@pytest.fixture
def lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """The log of an outage that begins now, and lasts as long as the test."""
    monkeypatch.setattr(errors, "OUTAGE_LINES", Seldom(3600.0))
    return caplog


def test_an_outage_is_a_line_and_not_a_stack_for_each(
    lines: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        note(DATABASE_AWAY, OperationalError("connection lost\nand more of it"))

    (line,) = lines.records
    assert line.getMessage() == "answered database_unavailable: connection lost"
    assert line.exc_info is None


@pytest.mark.parametrize(
    ("state", "is_outage"),
    [
        ("08006", True),  # connection_failure
        ("25006", True),  # read_only_sql_transaction
        ("40P01", False),  # deadlock_detected
        ("53100", True),  # disk_full
        ("53300", True),  # too_many_connections
        ("57014", False),  # query_canceled
        ("57P01", True),  # admin_shutdown
        ("57P03", True),  # cannot_connect_now
    ],
)
def test_what_is_no_outage_keeps_its_stack(
    db: None, lines: pytest.LogCaptureFixture, state: str, is_outage: bool
) -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    note(DATABASE_AWAY, caught.value)

    assert [bool(line.exc_info) for line in lines.records] == [not is_outage]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("08006", "database_unavailable"),
        ("25006", "database_unavailable"),
        ("53100", "database_full"),
        ("53300", "database_unavailable"),
        ("57014", "database_unavailable"),
    ],
)
def test_it_says_what_the_database_lacks(db: None, state: str, code: str) -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    found = failure_of(caught.value)

    assert found is not None
    assert (found.status, found.code) == (503, code)


def test_it_calls_a_row_that_has_just_gone_a_conflict(db: None) -> None:
    with pytest.raises(IntegrityError) as caught, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ratings_hiddenmovie (user_id, movie_id, created_at) "
            "VALUES (0, 0, now()); SET CONSTRAINTS ALL IMMEDIATE"
        )

    failure = failure_of(caught.value)
    assert failure is not None
    assert (failure.status, failure.code) == (409, "conflict")


@pytest.mark.parametrize("path", ["/api/nothing", "/api/ratings/"])
def test_it_speaks_rfc_9457_on_request(api: Api, path: str) -> None:
    answer = api.get(path, headers={"Accept": "application/problem+json"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    assert answer.json.keys() >= {"type", "title", "detail", "code", "request_id"}


def test_it_echoes_the_callers_request_id(api: Api) -> None:
    answer = api.get("/api/nothing", headers={"X-Request-ID": "order-66.a"})

    assert answer.json["request_id"] == "order-66.a"


@pytest.mark.parametrize("given", ["a b", "x" * 101, "<script>"])
def test_it_makes_its_own_id_where_the_callers_is_odd(api: Api, given: str) -> None:
    answer = api.get("/api/nothing", headers={"X-Request-ID": given})

    assert answer.json["request_id"] not in {given, ""}
