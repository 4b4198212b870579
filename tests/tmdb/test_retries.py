"""How often and how long, told by a clock that moves only when it is told to."""

from collections.abc import Iterator

import httpx
import pytest

from nexus.tmdb import TmdbKeyRejected, TmdbNonsense, TmdbNotFound, TmdbUnavailable
from tests.tmdb import shapes
from tests.tmdb.transports import Clock, film, tmdb_over, tmdb_that_answers

DATE = "Wed, 05 Mar 2025 10:00:00 GMT"
IN_TWO_S = "Wed, 05 Mar 2025 10:00:02 GMT"
IN_A_MINUTE = "Wed, 05 Mar 2025 10:01:00 GMT"


def too_many(**headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(429, headers=named, json=shapes.TOO_MANY)


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_it_tries_a_bounded_number_of_times(tries: int) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    with pytest.raises(TmdbUnavailable, match="status 500"):
        tmdb_over(handler, tries=tries, timeout_s=60).movie(603)

    assert len(asked) == tries


def test_it_waits_longer_each_time_with_jitter() -> None:
    clock = Clock()
    responses = [httpx.Response(503)] * 3

    tmdb_that_answers(*responses, film(), clock=clock, tries=4).movie(603)

    assert len(set(clock.slept)) == 3
    assert all(0 <= s <= 0.25 * 2**n for n, s in enumerate(clock.slept))


@pytest.mark.parametrize("status", [400, 405, 418, 422])
def test_it_does_not_repeat_a_refused_request(status: int) -> None:
    with pytest.raises(TmdbNonsense, match=str(status)):
        tmdb_that_answers(httpx.Response(status, json=shapes.BAD_PAGE)).movie(603)


@pytest.mark.parametrize("status", [401, 403])
def test_it_does_not_repeat_a_rejected_key(status: int) -> None:
    with pytest.raises(TmdbKeyRejected, match="check TMDB_API_KEY") as caught:
        tmdb_that_answers(httpx.Response(status)).movie(603)

    assert caught.value.code == "tmdb_key_rejected"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(301, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(204),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"null"),
        httpx.Response(200, content=b'{"id": 603, "title": "The'),
        httpx.Response(200, content=b"\xff\xfe\xff"),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b'{"id": ' + b"9" * 5000 + b"}"),
        httpx.Response(404, content=b'{"error": "no such route"}'),
        httpx.Response(404),
    ],
)
def test_it_refuses_what_tmdb_never_sends(response: httpx.Response) -> None:
    with pytest.raises(TmdbNonsense):
        tmdb_that_answers(response).movie(603)


def test_it_does_not_follow_redirects_of_a_client_that_does() -> None:
    elsewhere = httpx.Response(302, headers={"Location": "https://elsewhere.test/"})
    tmdb = tmdb_that_answers(elsewhere)
    tmdb._http.follow_redirects = True

    with pytest.raises(TmdbNonsense):
        tmdb.movie(603)


def test_it_refuses_a_damaged_encoding() -> None:
    response = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=Chunks([b"not gzip"])
    )

    with pytest.raises(TmdbNonsense, match="damaged"):
        tmdb_that_answers(response, tries=1).movie(603)


@pytest.mark.parametrize("code", [6, 34])
def test_it_believes_tmdbs_own_words_for_missing(code: int) -> None:
    with pytest.raises(TmdbNotFound):
        tmdb_that_answers(httpx.Response(404, json={"status_code": code})).movie(603)


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": IN_TWO_S, "Date": DATE}, 2.0),
        ({"Retry-After": DATE, "Date": IN_TWO_S}, 0.0),
    ],
)
def test_it_waits_as_told(headers: dict[str, str], waited: float) -> None:
    clock = Clock()

    tmdb_that_answers(too_many(**headers), film(), clock=clock).movie(603)

    assert clock.slept == [waited]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry-After": "soon"},
        {"Retry-After": "-3"},
        {"Retry-After": "1.5"},
        {"Retry-After": "³"},
        {"Retry-After": IN_TWO_S},
        {"Retry-After": "Wed, 05 Mar 99999 10:00:00 GMT", "Date": DATE},
    ],
)
def test_it_waits_a_little_when_told_nothing(headers: dict[str, str]) -> None:
    clock = Clock()
    response = httpx.Response(
        429, headers={n.encode(): v.encode("latin-1") for n, v in headers.items()}
    )

    tmdb_that_answers(response, film(), clock=clock).movie(603)

    assert len(clock.slept) == 1
    assert clock.slept[0] <= 0.25


@pytest.mark.parametrize(
    ("headers", "retry_after_s"),
    [
        ({"Retry-After": "4"}, 4),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "9" * 5000}, 3600),
        ({"Retry-After": IN_A_MINUTE, "Date": DATE}, 60),
    ],
)
def test_it_gives_up_at_once_when_the_wait_is_too_long(
    headers: dict[str, str], retry_after_s: int
) -> None:
    clock = Clock()

    with pytest.raises(TmdbUnavailable, match="slow down") as caught:
        tmdb_that_answers(too_many(**headers), clock=clock).movie(603)

    assert caught.value.retry_after_s == retry_after_s
    assert clock.slept == []


def test_it_does_not_try_again_after_the_deadline() -> None:
    clock = Clock()
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        clock.now += 4.0
        raise httpx.ReadTimeout("silence")

    with pytest.raises(TmdbUnavailable, match="in time"):
        tmdb_over(handler, clock=clock).movie(603)

    assert len(asked) == 1


def test_it_tries_again_after_an_early_timeout() -> None:
    clock = Clock()
    responses = iter([None, film()])

    def handler(request: httpx.Request) -> httpx.Response:
        clock.now += 1.0
        response = next(responses)
        if response is None:
            raise httpx.ConnectTimeout("silence")
        return response

    assert tmdb_over(handler, clock=clock).movie(603).title == "The Matrix"


def test_it_gives_each_try_what_is_left() -> None:
    clock = Clock()
    given: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        given.append(request.extensions["timeout"])
        clock.now += 3.0
        raise httpx.ReadError("gone")

    with pytest.raises(TmdbUnavailable):
        tmdb_over(handler, clock=clock).movie(603)

    assert (given[0]["connect"], given[0]["read"]) == (2.0, 4.0)
    assert given[1]["read"] <= 1.0


class Chunks(httpx.SyncByteStream):
    def __init__(self, chunks: list[bytes], clock: Clock | None = None) -> None:
        self.chunks = chunks
        self.clock = clock
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.sent += 1
            if self.clock:
                self.clock.now += 1.0
            yield chunk


def test_it_holds_the_body_to_the_deadline_over_any_transport() -> None:
    clock = Clock()
    body = Chunks([b" "] * 100, clock)

    with pytest.raises(TmdbUnavailable, match="in time"):
        tmdb_over(lambda r: httpx.Response(200, stream=body), clock=clock).movie(603)

    assert body.sent == 4


def test_it_stops_reading_a_body_without_end() -> None:
    body = Chunks([b" " * 1024 * 1024] * 100)

    with pytest.raises(TmdbNonsense, match="far more"):
        tmdb_over(lambda r: httpx.Response(200, stream=body)).movie(603)

    assert body.sent == 9
