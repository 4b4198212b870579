"""How much a request may hold; test_errors.py has what is no JSON at all."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from nexus.wsgi import application
from tests.builders import make_movie
from tests.client import Answer, Api

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def film(db: None) -> None:
    make_movie(603)


def post(api: Api, body: bytes) -> Answer:
    return api.call("post", "/api/ratings/", data=body, content_type="application/json")


def rating(more: str = "null", *, movie: str = "603", stars: str = "4") -> bytes:
    """Return a rating's body with a field that nobody reads."""
    return f'{{"movie": {movie}, "stars": {stars}, "more": {more}}}'.encode()


def nested(levels: int, inside: str = "") -> str:
    return "[" * levels + inside + "]" * levels


def sized(length: int) -> bytes:
    """Return a rating's body of that many bytes."""
    return rating('"' + "x" * (length - len(rating('""'))) + '"')


def test_it_works(owner_api: Api) -> None:
    assert post(owner_api, rating()).status == 201


def test_it_reads_a_whole_mebibyte(owner_api: Api) -> None:
    assert post(owner_api, sized(MIB)).status == 201


def test_it_refuses_a_byte_more(owner_api: Api) -> None:
    answer = post(owner_api, sized(MIB + 1))

    assert (answer.status, answer.code) == (413, "payload_too_large")


def test_it_reads_twenty_levels(owner_api: Api) -> None:
    assert post(owner_api, rating(nested(19))).status == 201


@pytest.mark.parametrize("more", [nested(20), nested(19, "1"), nested(1000)])
def test_it_refuses_more_levels(owner_api: Api, more: str) -> None:
    answer = post(owner_api, rating(more))

    assert (answer.status, answer.code) == (400, "parse_error")
    assert "20 levels" in answer.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        nested(100_000).encode(),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        rating(nested(100_000)),
    ],
)
def test_it_survives_a_hundred_thousand_levels(owner_api: Api, body: bytes) -> None:
    answer = post(owner_api, body)

    assert (answer.status, answer.code) == (400, "parse_error")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "-" + "9" * 400])
@pytest.mark.parametrize("field", ["movie", "stars", "more"])
def test_it_refuses_numbers_that_no_machine_holds(
    owner_api: Api, field: str, number: str
) -> None:
    body = json.loads(rating()) | {field: "NUMBER"}

    answer = post(owner_api, json.dumps(body).replace('"NUMBER"', number).encode())

    assert (answer.status, answer.code) == (400, "parse_error")


@pytest.mark.parametrize("number", ["1e300", "9" * 300, "1" + "0" * 30, str(2**64)])
@pytest.mark.parametrize("field", ["movie", "stars"])
def test_it_refuses_numbers_that_no_field_holds(
    owner_api: Api, field: str, number: str
) -> None:
    answer = post(owner_api, rating(**{field: number}))

    assert (answer.status, answer.code) == (400, "validation_error")
    assert field in answer.json["errors"]


@pytest.mark.parametrize("digits", [20, 400, 5000])
def test_it_refuses_such_numbers_in_parameters(api: Api, digits: int) -> None:
    answer = api.get("/api/movies/", page="9" * digits)

    assert (answer.status, answer.code) == (400, "validation_error")


def test_the_last_of_fields_with_one_name_counts(owner_api: Api) -> None:
    answer = post(owner_api, b'{"movie": 603, "stars": 1, "stars": 5}')

    assert answer.json["stars"] == 5


@pytest.mark.parametrize(
    ("count", "code"),
    [(1000, "validation_error"), (1001, "bad_request"), (20_000, "bad_request")],
)
def test_it_refuses_a_flood_of_parameters(api: Api, count: int, code: str) -> None:
    answer = api.get("/api/movies/?" + "&".join(f"a{n}=1" for n in range(count)))

    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    "name",
    ["Accept", "Authorization", "Cookie", "If-None-Match", "Origin", "X-Request-ID"],
)
@pytest.mark.parametrize("text", ["x", "x, ", "W/"])
def test_it_survives_long_headers(api: Api, name: str, text: str) -> None:
    answer = api.get("/api/user/hidden/", headers={name: text * 100_000})

    assert answer.status in {401, 406}
    assert len(answer.json["request_id"]) <= 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (sized(MIB), 201),
        (sized(MIB + 1), 413),
        (b"[" * 100_000, 400),
        (b'{"a": 1', 400),
        (b"", 400),
    ],
)
def test_bodies_in_chunks_have_the_same_limits(
    owner_api: Api, body: bytes, status: int
) -> None:
    told: list[str] = []
    environ: dict[str, Any] = RequestFactory().post("/api/ratings/").environ | {
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": owner_api.headers["Authorization"],
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
    }

    b"".join(application(environ, lambda line, headers: told.append(line)))

    assert int(told[0].split()[0]) == status
