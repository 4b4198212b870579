"""Answers public reads of the catalogue before Django does, from bytes kept in memory.

Django answers first; what a view gave to everybody alike (`shared`) is kept and told
again, until something of the catalogue changes or its time is over. What an answer
depends on is its key: scheme, path, checked parameters in one order, and an allowed
origin. The host is not: where the body tells the caller's own address, it holds a mark
that nobody can guess, and the address goes in anew. So nobody's headers reach anybody
else. Views refuse unknown parameters, and only an answer of 200 is kept: what a caller
asks with valid parameters makes an entry. All together take EDGE_CACHE_MB at most, and
each costs a use of the rate limit, as Django makes it.

Of a change `changes` tells. A stale answer is told for `GRACE_S` at most: one caller
has it made anew, the others need not wait. Where changes are not heard, an answer is
kept for a second. While Django fails, what was right a moment ago is better than
nothing, and one caller in `GRACE_S` finds out whether it still does; what Django says
is not there any more is forgotten.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from secrets import token_hex
from typing import Any, Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from nexus.api import shared
from nexus.api.edge.changes import Changes
from nexus.api.edge.shelf import Headers, Kept, Key, Shelf
from nexus.api.metrics import EDGE, TOLD
from nexus.api.middleware import REQUEST_ID
from nexus.api.negotiation import LONGEST_ACCEPT, takes_json

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# Where shared answers are; all else is none of our business.
PATHS: Final = re.compile(r"/(?:api/)?(?:movies|genres)(?:/|$)")
GRACE_S: Final = 0.3
UNHEARD_S: Final = 0.3
LAST_RESORT_S: Final = 600.0
LONGEST_QUERY: Final = 1_000
LONGEST_HOST: Final = 255  # of a name in the DNS
MOST_PARAMETERS: Final = 20
# Said of each request anew.
OWN_HEADERS: Final = {"ratelimit", "ratelimit-policy", "x-request-id"}
MADE, LAST_RESORT = map(EDGE.labels, ("made", "last_resort"))
PRIVATE_VARY: Final = {"*", "authorization", "cookie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A WSGI application around Django's.

    mark: stands for the caller's own scheme and host within a body
    """

    application: Application
    shelf: Shelf
    changes: Changes
    mark: str
    clock: Callable[[], float] = time.monotonic
    prefix: str = field(default_factory=lambda: token_hex(8))
    numbers: "count[int]" = field(default_factory=count)

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        key = key_of(environ)
        if key is None:
            return self.application(environ, start_response)
        began_at = self.clock()
        kept = self.shelf.find(key, now=began_at)
        if kept is None or not self.may_tell(kept, began_at):
            return self.have_made(key, kept, environ, start_response)
        status, body = self.tell(kept, environ, start_response)
        TOLD.add(kept.route, status)
        return body

    def may_tell(self, kept: Kept, now: float) -> bool:
        """Say whether it is fresh, or somebody else is about to bring a fresh one."""
        keep_s = kept.keep_s if self.changes.hears() else min(kept.keep_s, UNHEARD_S)
        is_young = now - kept.made_at < keep_s
        if is_young and kept.generation == self.changes.generation:
            return True
        is_for_others = kept.stale_from is not None and now - kept.stale_from < GRACE_S
        if not is_for_others and (kept.stale_from is None or kept.is_failing):
            # Two who come here in the same moment both have it made: no harm.
            kept.stale_from = now
        return is_for_others

    def have_made(
        self,
        key: Key,
        kept: Kept | None,
        environ: Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        # Before anything is read: a change meanwhile makes the answer stale.
        generation, began_at = self.changes.generation, self.clock()
        inner = environ | {shared.MARK: self.mark}
        inner.pop("HTTP_IF_NONE_MATCH", None)  # the whole answer is to be kept
        told: list[Any] = []
        body = self.application(inner, lambda *said: told.extend(said))
        status, headers = told[0][:3], told[1]
        own = only(headers, OWN_HEADERS)
        if kept is not None:
            kept.is_failing = status.startswith("5")
            if kept.is_failing and is_recent(kept, began_at):
                close(body)
                return self.tell_last_resort(kept, environ, start_response, own)
        # A view that failed unforeseen may have shared before.
        if status != "200" or shared.KEEP_S not in inner:
            if denies(status) or (kept is not None and kept.is_failing):
                self.shelf.drop(key)
            start_response(*told)
            return body
        made = Kept(
            key=key,
            parts=b"".join(body).split(self.mark.encode()),
            headers=without(headers, OWN_HEADERS | {"content-length"}),
            etag=dict(headers)["ETag"],
            generation=generation,
            made_at=began_at,
            keep_s=inner[shared.KEEP_S],
            route=inner[shared.ROUTE],
        )
        close(body)
        self.keep(made, headers)
        return self.tell(made, environ, start_response, own)[1]

    def tell_last_resort(
        self,
        kept: Kept,
        environ: Environ,
        start_response: StartResponse,
        own: Headers,
    ) -> Iterable[bytes]:
        """Tell what is kept; for a while, others need not wait for the same failure."""
        kept.stale_from = self.clock()
        LAST_RESORT.inc()
        return self.tell(kept, environ, start_response, own)[1]

    def keep(self, made: Kept, headers: Headers) -> None:
        if not is_private(headers):
            MADE.inc()
            self.shelf.keep(made)

    def tell(
        self,
        kept: Kept,
        environ: Environ,
        start_response: StartResponse,
        own: Headers | None = None,
    ) -> tuple[int, Iterable[bytes]]:
        headers = [*kept.headers, *(own or [self.id_header(environ)])]
        if knows(environ.get("HTTP_IF_NONE_MATCH"), kept.etag):
            start_response("304 Not Modified", without(headers, {"content-type"}))
            return 304, [b""]
        body = kept.parts[0]
        if len(kept.parts) > 1:
            address = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
            body = address.encode().join(kept.parts)
        headers.append(("Content-Length", str(len(body))))
        start_response("200 OK", headers)
        return 200, [body]

    def id_header(self, environ: Environ) -> tuple[str, str]:
        given = environ.get("HTTP_X_REQUEST_ID")
        if given is None or not REQUEST_ID.fullmatch(given):
            given = f"{self.prefix}{next(self.numbers):016x}"
        return "X-Request-ID", given


def key_of(environ: Environ) -> Key | None:
    """Return what the answer depends on; None where it is for Django to say."""
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    origin, host = environ.get("HTTP_ORIGIN", ""), environ.get("HTTP_HOST", "")
    accept = environ.get("HTTP_ACCEPT", "")
    if (
        environ["REQUEST_METHOD"] != "GET"
        or not PATHS.match(path)
        # What is longer would be remembered at length.
        or len(host) > LONGEST_HOST
        or len(accept) > LONGEST_ACCEPT
        or not is_our_host(host)
        or not takes_json(accept)
        or (origin and origin not in settings.CORS_ALLOWED_ORIGINS)
    ):
        return None
    try:
        return environ["wsgi.url_scheme"], path, canonical(query), origin
    except ValueError:
        return None


def canonical(query: str) -> str:
    """Return one text for all spellings of the same parameters, whatever their order.

    ValueError where there are too many, or too long ones, or such as no URL has.
    """
    if len(query) > LONGEST_QUERY or not query.isascii():
        raise ValueError(query)
    return in_order(query)


@lru_cache(maxsize=2048)
def in_order(query: str) -> str:
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    return repr(sorted(pairs))


@lru_cache(maxsize=1024)
def is_our_host(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def denies(status: str) -> bool:
    """Say whether Django knows better than what was kept: it did not fail."""
    return status not in {"200", "429"} and not status.startswith("5")


def knows(told: str | None, etag: str) -> bool:
    """Say whether the caller has it: see RFC 9110, section 13.1.2."""
    return told is not None and shared.names(told, etag)


def is_recent(kept: Kept, now: float) -> bool:
    return now - kept.made_at < LAST_RESORT_S


def is_private(headers: Headers) -> bool:
    """A view that shares what it must not is a fault; then nothing is kept."""
    found = {name.lower(): value.lower() for name, value in headers}
    vary = {name.strip() for name in found.get("vary", "").split(",")}
    return "set-cookie" in found or bool(vary & PRIVATE_VARY)


def only(headers: Headers, names: set[str]) -> Headers:
    return [one for one in headers if one[0].lower() in names]


def without(headers: Headers, names: set[str]) -> Headers:
    return [one for one in headers if one[0].lower() not in names]


def close(body: Iterable[bytes]) -> None:
    if hasattr(body, "close"):
        body.close()


def gate_around(application: Application, changes: Changes) -> Gate:
    """Put the edge in front of the application."""
    shelf = Shelf(most_bytes=settings.EDGE_CACHE_MB * 2**20)
    return Gate(
        application=application, shelf=shelf, changes=changes, mark=mark_of_site()
    )


def mark_of_site() -> str:
    """Return the same for all processes, so that they give an answer the same ETag."""
    key = settings.SECRET_KEY.encode()
    return f"edge:{hmac.new(key, b'edge address', hashlib.sha256).hexdigest()[:32]}"
