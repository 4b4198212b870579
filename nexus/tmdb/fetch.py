"""One GET, tried a bounded number of times before one deadline."""

import json
import logging
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

import httpx

from nexus.lib.errors import NexusError
from nexus.tmdb.deadline import Clock, Deadline, nearer, within
from nexus.tmdb.errors import (
    TmdbBusy,
    TmdbKeyRejected,
    TmdbNonsense,
    TmdbThrottled,
    TmdbTimeout,
    TmdbUnavailable,
)
from nexus.tmdb.types import Json

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_RETRY_AFTER_S = 3600
FIRST_BACKOFF_S = 0.25

# "Invalid id" and "not found" in TMDb's own numbering.
_MISSING_CODES = (6, 34)

Params: TypeAlias = Mapping[str, str | int]
# Called right before each try with the seconds that are left: waits for the caller's
# turn, or raises TmdbBusy.
Pace: TypeAlias = Callable[[float], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Setback:
    """A failed try that may be repeated; `error` is for when it is not.

    `wait_s` is what TMDb asked us to wait, None if it did not say.
    """

    error: TmdbUnavailable | TmdbNonsense
    wait_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    http: httpx.Client
    tries: int
    timeout_s: float
    sleep: Callable[[float], None]
    clock: Clock
    rng: random.Random
    pace: Pace

    def get(
        self, path: str, params: Params, *, missing: NexusError | None = None
    ) -> Json:
        """Return the answer's object; raise `missing` if TMDb does not know the path.

        A missing path without `missing` is a wrong address, hence TmdbNonsense.
        """
        deadline = nearer(self.timeout_s, clock=self.clock)
        self.pace(deadline.left())
        tried = 0
        while True:
            tried += 1
            outcome = self._try(path, params, deadline)
            if isinstance(outcome, Answer):
                return _read_answer(outcome, missing)
            wait_s = self._backoff(tried) if outcome.wait_s is None else outcome.wait_s
            if tried >= self.tries or wait_s >= deadline.left():
                # Raised outside any handler: httpx's own error must not ride along.
                raise outcome.error
            self.sleep(wait_s)
            if not self._has_turn(deadline):
                raise outcome.error  # what is known of TMDb, not that we may not ask

    def _has_turn(self, deadline: Deadline) -> bool:
        """Wait for the turn of a repeat, if it comes in time."""
        try:
            self.pace(deadline.left())
        except TmdbBusy:
            return False
        return True

    def _backoff(self, tried: int) -> float:
        return self.rng.uniform(0, FIRST_BACKOFF_S * 2 ** (tried - 1))

    def _try(self, path: str, params: Params, deadline: Deadline) -> Answer | Setback:
        outcome = self._exchange(path, params, deadline)
        if isinstance(outcome, Answer):
            outcome = _setback(outcome) or outcome
        if isinstance(outcome, Setback):
            logger.info("GET %s from TMDb failed: %s", path, outcome.error)
        return outcome

    def _exchange(
        self, path: str, params: Params, deadline: Deadline
    ) -> Answer | Setback:
        left = max(deadline.left(), 0.0)
        # A lost connection attempt must leave time for another one.
        timeout = httpx.Timeout(left, connect=min(left, self.timeout_s / 2))
        try:
            with (
                within(deadline),
                self.http.stream(
                    "GET", path, params=params, timeout=timeout, follow_redirects=False
                ) as response,
            ):
                return _receive(response, deadline)
        except httpx.TimeoutException:
            return Setback(TmdbTimeout("TMDb did not answer in time."))
        except httpx.TransportError:
            return Setback(TmdbUnavailable("TMDb cannot be reached."))
        except httpx.DecodingError:
            return Setback(TmdbNonsense("TMDb sent a damaged answer."))


def _receive(response: httpx.Response, deadline: Deadline) -> Answer | Setback:
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise TmdbNonsense("TMDb sent far more than any answer needs.")
            if deadline.left() <= 0:
                raise httpx.ReadTimeout("the deadline of the call has passed")
    except httpx.RemoteProtocolError:
        return Setback(TmdbNonsense("TMDb sent only part of its answer."))
    return Answer(response.status_code, response.headers, bytes(body))


def _setback(answer: Answer) -> Setback | None:
    if answer.status != 429 and answer.status < 500:
        return None
    message = (
        "TMDb asks this server to slow down."
        if answer.status == 429
        else f"TMDb failed with status {answer.status}."
    )
    wait_s = _retry_after_s(answer.headers)
    if wait_s is None:
        return Setback(TmdbUnavailable(message))
    kind = TmdbThrottled if answer.status == 429 else TmdbUnavailable
    retry_after_s = max(1, math.ceil(wait_s))
    return Setback(kind(message, retry_after_s=retry_after_s), wait_s)


def _retry_after_s(headers: httpx.Headers) -> float | None:
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:9]), MAX_RETRY_AFTER_S))
    # Measured by the server's own clock: ours may differ.
    until, now = _moment(said), _moment(headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def _moment(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def _read_answer(answer: Answer, missing: NexusError | None) -> Json:
    document = _document(answer.body)
    if answer.status in {401, 403}:
        raise TmdbKeyRejected
    if answer.status == 404 and _is_missing(document):
        raise missing or TmdbNonsense("TMDb does not know what this server asked for.")
    if answer.status != 200:
        raise TmdbNonsense(f"TMDb answered with an unexpected status {answer.status}.")
    if document is None:
        raise TmdbNonsense("TMDb answered with something else than JSON.")
    return document


def _is_missing(document: Json | None) -> bool:
    # Any other 404 is some web server's, reached by a wrong address: no film is gone.
    return document is not None and document.get("status_code") in _MISSING_CODES


def _document(body: bytes) -> Json | None:
    try:
        found = json.loads(body, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
