"""A TMDb of thirty-odd films on loopback, which fails on command.

with TmdbServer() as tmdb:
    connect(key=tmdb.key, base_url=tmdb.url).movie(603)
    tmdb.fail("503", times=1)
"""

import json
import socket
import struct
import sys
import threading
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from tests.tmdb import shapes
from tests.tmdb.films import FILMS, GENRES
from tests.tmdb.shapes import Doc

Kind: TypeAlias = Literal[
    "401",  # the key is rejected
    "404",  # TMDb's own "not found"
    "429",  # with Retry-After if fail() is given one
    "500",
    "503",
    "html",  # a web page, status 200 unless fail() is given one
    "empty",  # status 200 without a body
    "truncated",  # the connection ends in the middle of the body
    "wrong_types",  # JSON whose essentials have the wrong types
    "missing_blocks",  # a film without any appended block
    "slow",  # the head at once, the body at recover()
    "hang",  # nothing until recover()
    "dribble",  # a byte of the body now and then, until recover()
    "dribble_head",  # the same before the body
    "reset",  # the connection is torn down
]

STATUSES: dict[str, tuple[int, Doc]] = {
    "401": (401, shapes.BAD_KEY),
    "404": (404, shapes.NOT_FOUND),
    "429": (429, shapes.TOO_MANY),
    "500": (500, shapes.INTERNAL),
    "503": (503, shapes.OFFLINE),
    "wrong_types": (200, shapes.WRONG_TYPES),
}

DRIBBLE_S = 0.01


@dataclass(slots=True)
class Fault:
    kind: Kind
    times: int | None
    retry_after: str | None
    status: int
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    params: dict[str, str]
    authorization: str | None


class TmdbServer:
    """`key` is accepted as api_key, `token` as a bearer; `url` ends in /3.

    `calls` counts by path without the /3 ("/movie/603"), failed calls included,
    `asked` keeps each call and `arrivals` the moment it came. Everything may be used
    from any thread. Without a `port` it takes a free one.
    """

    key = "0123456789abcdef" * 2
    token = "eyJhbGciOiJub25lIn0.eyJ0ZXN0Ijp0cnVlfQ.c2lnbmVk"

    def __init__(self, port: int = 0) -> None:
        self.movies: dict[int, Doc] = {
            film.tmdb_id: shapes.film_doc(film, rank=rank)
            for rank, film in enumerate(FILMS)
        }
        self.changed_ids: list[int] = []
        self.calls: Counter[str] = Counter()
        self.asked: list[Call] = []
        self.arrivals: list[float] = []
        self._latency_s = 0.0
        self._slow_paths = ""
        self._hurry = threading.Event()
        self._fault: Fault | None = None
        self._lock = threading.Lock()
        self._http = _Http(self, port)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.01,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._http.server_port}/3"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Release every waiting call, close every connection and wait for the end."""
        self.recover()
        self.slow_down(0.0)
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        self._thread.join(timeout=5)
        if self._http.crashes:
            raise self._http.crashes[0]

    def fail(
        self,
        kind: Kind,
        *,
        times: int | None = None,
        retry_after: str | None = None,
        status: int = 200,
    ) -> None:
        """Fail the next `times` calls so, or all of them until recover()."""
        self.recover()
        self._fault = Fault(kind, times, retry_after, status)

    def recover(self) -> None:
        with self._lock:
            fault, self._fault = self._fault, None
        if fault is not None:
            fault.over.set()

    def slow_down(self, seconds: float, *, below: str = "") -> None:
        """Let every answer from now on take so long; those under way hurry.

        Only paths that begin with `below` are slow.
        """
        with self._lock:
            self._hurry.set()
            self._hurry = threading.Event()
            self._latency_s, self._slow_paths = seconds, below

    def take_time(self, path: str) -> None:
        """Wait for as long as an answer takes now."""
        with self._lock:
            seconds, hurry = self._latency_s, self._hurry
            is_slow = path.startswith(self._slow_paths)
        if is_slow:
            hurry.wait(seconds)

    def busiest(self, window_s: float) -> int:
        """Return the greatest number of calls that came within so many seconds."""
        with self._lock:
            moments = sorted(self.arrivals)
        return max(
            (
                bisect_left(moments, first + window_s) - place
                for place, first in enumerate(moments)
            ),
            default=0,
        )

    def early(self, *, calls: int, window_s: float, since: float) -> list[float]:
        """Return by how many seconds calls came before their window began.

        So many are to come in each window since that moment. However busy the machine
        is, it can only make calls late.
        """
        with self._lock:
            moments = sorted(self.arrivals)
        ahead_s = [
            since + place // calls * window_s - moment
            for place, moment in enumerate(moments)
        ]
        return [seconds for seconds in ahead_s if seconds > 0]

    def reset(self) -> None:
        """Recover, hurry and forget the calls; films stay as they are."""
        self.recover()
        self.slow_down(0.0)
        with self._lock:
            self.calls.clear()
            self.asked.clear()
            self.arrivals.clear()
            self.changed_ids.clear()

    def add_movie(self, tmdb_id: int, title: str, **changed: Any) -> Doc:
        """Add or replace a film; `changed` are fields of the detail answer."""
        plain = shapes.film_doc(FILMS[0], rank=len(self.movies))
        names = {"id": tmdb_id, "title": title, "original_title": title}
        self.movies[tmdb_id] = plain | names | changed
        return self.movies[tmdb_id]

    def change_movie(self, tmdb_id: int, **changed: Any) -> None:
        """Change fields of a film and list it among the changes."""
        self.movies[tmdb_id] = self.movies[tmdb_id] | changed
        self.changed_ids.append(tmdb_id)

    def remove_movie(self, tmdb_id: int) -> None:
        del self.movies[tmdb_id]

    def note(self, call: Call, arrived_at: float) -> Fault | None:
        """Count the call and say how it fails."""
        with self._lock:
            self.calls[call.path] += 1
            self.asked.append(call)
            self.arrivals.append(arrived_at)
            fault = self._fault
            if fault is None or fault.times == 0:
                return None
            if fault.times is not None:
                fault.times -= 1
            return fault

    def answer(self, call: Call) -> tuple[int, Doc]:
        if not self._knows_key(call):
            return 401, shapes.BAD_KEY
        listed = self._listed(call)
        if listed is not None:
            return self._page(call, listed)
        document = self._document(call)
        return (404, shapes.NOT_FOUND) if document is None else (200, document)

    def _listed(self, call: Call) -> list[Doc] | None:
        match call.path.strip("/").split("/"):
            case ["movie", "changes"]:
                found = [{"id": n, "adult": None} for n in self.changed_ids]
            case ["movie", "popular" | "top_rated" as name]:
                found = self._best(name)
            case ["movie", number, "recommendations"] if self._film(number):
                found = self._related(int(number))
            case ["search", "movie"]:
                found = self._found(call)
            case ["trending", "movie", "day" | "week" as window]:
                found = self._trending(window)
            case _:
                return None
        return found

    def _document(self, call: Call) -> Doc | None:
        match call.path.strip("/").split("/"):
            case ["movie", number] if film := self._film(number):
                return shapes.detail(film, call.params.get("append_to_response", ""))
            case ["person", number] if name := shapes.people.name(number):
                return shapes.person(int(number), name)
            case ["genre", "movie", "list"]:
                named = [{"id": n, "name": name} for n, name in GENRES.items()]
                return {"genres": named}
            case ["configuration"]:
                return shapes.CONFIGURATION
        return None

    def _film(self, number: str) -> Doc | None:
        return self.movies.get(int(number)) if number.isdigit() else None

    def _knows_key(self, call: Call) -> bool:
        bearer = f"Bearer {self.token}"
        return call.authorization == bearer or call.params.get("api_key") == self.key

    def _page(self, call: Call, entries: list[Doc]) -> tuple[int, Doc]:
        number = call.params.get("page", "1")
        if not number.isdigit() or not 1 <= int(number) <= 500:
            return 400, shapes.BAD_PAGE
        return 200, shapes.page(entries, int(number))

    def _found(self, call: Call) -> list[Doc]:
        words = call.params.get("query", "").casefold()
        return [
            shapes.brief(film)
            for film in self.movies.values()
            if words in f"{film['title']} {film['original_title']}".casefold()
            and film["release_date"].startswith(call.params.get("year", ""))
        ]

    def _trending(self, window: str) -> list[Doc]:
        films = sorted(self.movies.values(), key=lambda film: -film["popularity"])
        ordered = films if window == "day" else films[::-1]
        return [shapes.brief(film) for film in ordered]

    def _best(self, name: str) -> list[Doc]:
        by = "popularity" if name == "popular" else "vote_average"
        films = sorted(self.movies.values(), key=lambda film: -(film[by] or 0))
        return [shapes.brief(film) for film in films]

    def _related(self, tmdb_id: int) -> list[Doc]:
        liked = {genre["id"] for genre in self.movies[tmdb_id]["genres"]}
        others = [film for film in self.movies.values() if film["id"] != tmdb_id]
        briefs = [shapes.brief(film) for film in others]
        return [film for film in briefs if liked & set(film["genre_ids"])]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tmdb: TmdbServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.tmdb = tmdb
        self.crashes: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._changed:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        super().close_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The base class prints; a client that left is normal, a bug must surface."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.crashes.append(error)

    def close_connections(self) -> None:
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        arrived_at = monotonic()
        address = urlsplit(self.path)
        path = address.path.removeprefix("/3")
        params = dict(parse_qsl(address.query))
        call = Call(path, params, self.headers.get("Authorization"))
        fault = self.server.tmdb.note(call, arrived_at)
        self.server.tmdb.take_time(path)
        if fault is None:
            self._send(*self.server.tmdb.answer(call))
        else:
            self._fail(fault, call)

    def _fail(self, fault: Fault, call: Call) -> None:
        if fault.kind in STATUSES:
            self._send(*STATUSES[fault.kind], retry_after=fault.retry_after)
        elif fault.kind == "html":
            self._send_page(fault.status)
        elif fault.kind == "empty":
            self._head(200, 0)
        elif fault.kind == "missing_blocks":
            params = {n: v for n, v in call.params.items() if n != "append_to_response"}
            bare = Call(call.path, params, call.authorization)
            self._send(*self.server.tmdb.answer(bare))
        else:
            self._break(fault, json.dumps(self.server.tmdb.answer(call)[1]).encode())

    def _break(self, fault: Fault, body: bytes) -> None:
        self.close_connection = True
        if fault.kind == "reset":
            # Zero linger makes close() send RST instead of a polite end.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif fault.kind == "hang":
            fault.over.wait()
        elif fault.kind == "dribble_head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            self._dribble(fault)
        else:
            self._head(200, len(body))
            self._break_body(fault, body)

    def _break_body(self, fault: Fault, body: bytes) -> None:
        if fault.kind == "truncated":
            self.wfile.write(body[: len(body) // 2])
        elif fault.kind == "slow":
            fault.over.wait()
            self.wfile.write(body)
        else:
            self._dribble(fault)

    def _dribble(self, fault: Fault) -> None:
        while not fault.over.wait(DRIBBLE_S):
            self.wfile.write(b" ")

    def _send(
        self, status: int, document: Doc, *, retry_after: str | None = None
    ) -> None:
        body = json.dumps(document).encode()
        self._head(status, len(body), retry_after=retry_after)
        self.wfile.write(body)

    def _send_page(self, status: int) -> None:
        body = b"<!doctype html><title>Welcome</title>"
        self._head(status, len(body), content_type="text/html")
        self.wfile.write(body)

    def _head(
        self,
        status: int,
        length: int,
        *,
        content_type: str = "application/json;charset=utf-8",
        retry_after: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
