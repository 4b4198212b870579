"""Clients over an answer that is known beforehand, and a clock that obeys."""

import random
from collections.abc import Callable, Iterable

import httpx

from nexus.tmdb import Tmdb
from tests.tmdb.shapes import Doc

FILM: Doc = {"id": 603, "title": "The Matrix"}
Handler = Callable[[httpx.Request], httpx.Response]


class Clock:
    """Moves only when someone sleeps or when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def tmdb_over(
    handler: Handler,
    *,
    clock: Clock | None = None,
    tries: int = 2,
    timeout_s: float = 4.0,
) -> Tmdb:
    clock = clock or Clock()
    return Tmdb(
        httpx.Client(
            base_url="https://tmdb.test/3", transport=httpx.MockTransport(handler)
        ),
        tries=tries,
        timeout_s=timeout_s,
        sleep=clock.sleep,
        clock=clock,
        rng=random.Random(42),  # noqa: S311 - jitter needs no secrecy
    )


def tmdb_that_answers(
    *responses: httpx.Response, clock: Clock | None = None, tries: int = 2
) -> Tmdb:
    return tmdb_over(in_turn(responses), clock=clock, tries=tries)


def in_turn(responses: Iterable[httpx.Response]) -> Handler:
    answers = iter(responses)
    return lambda request: next(answers)


def film(**changed: object) -> httpx.Response:
    return httpx.Response(200, json=FILM | changed)
