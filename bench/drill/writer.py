"""One connection on which two members write one thing after the other."""

import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.client import HTTPConnection, HTTPException
from threading import Event
from time import monotonic, perf_counter
from typing import Final

from bench.load.goals import API, STARS
from bench.load.wrk import Ask
from bench.mix.caller import PATIENCE_S, Somebody
from bench.mix.ledger import Key, Ledger
from nexus.lib.seldom import Seldom

# Of a hundred things that somebody writes.
SHARES: Final = {"rating": 55, "viewing": 25, "playlist": 15, "mail": 5}
DONE: Final = (200, 201, 202)
FIRST_DAY: Final = date(1950, 1, 1)
PAUSE_S: Final = 0.05  # of somebody who was refused


@dataclass(frozen=True, slots=True)
class Answer:
    """`kind` tells the status, the error's code, and whether it says when to come."""

    at_s: float  # when it was there
    took_s: float
    is_done: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Write:
    """One request, and what is to be stored once it is acknowledged."""

    what: str
    ask: Ask
    key: Key
    value: int


@dataclass(slots=True)
class Writer:
    port: int
    members: Sequence[Somebody]
    films: Sequence[int]
    mails: Seldom
    seed: int
    ledgers: dict[str, Ledger] = field(
        default_factory=lambda: {what: Ledger() for what in SHARES}
    )
    answers: list[Answer] = field(default_factory=list)
    number: int = 0  # of writes so far; no two are the same

    def write_until(self, over: Event) -> None:
        chosen = random.Random(f"{self.seed} {self.number}")  # noqa: S311  not hidden
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        while not over.is_set():
            write = self.next_write(chosen)
            answer = send(connection, write.ask)
            self.answers.append(answer)
            self.ledgers[write.what].note(
                write.key, write.value, is_answered=answer.is_done
            )
            if not answer.is_done:
                # A server that has not read all of a request that it refuses may end
                # the connection behind its answer.
                connection.close()
                over.wait(PAUSE_S)
        connection.close()

    def next_write(self, chosen: random.Random) -> Write:
        self.number += 1
        member, film = chosen.choice(self.members), chosen.choice(self.films)
        (what,) = chosen.choices(list(SHARES), list(SHARES.values()))
        if what == "mail" and self.mails.may():
            return mail(member, self.number)
        if what == "viewing":
            return viewing(member, film, self.number)
        if what == "playlist":
            return playlist(member, film, self.number)
        return rating(member, film, self.number, stars=chosen.choice(STARS))


def rating(member: Somebody, film: int, number: int, *, stars: float) -> Write:
    """Say something of the film, over what was said before."""
    body = json.dumps({"stars": stars, "review": f"{number}"})
    ask = Ask(f"{API}/movies/{film}/rating/", member.tokens.access, "PUT", body)
    return Write("rating", ask, (member.id, film), number * 16 + round(stars * 2))


def viewing(member: Somebody, film: int, number: int) -> Write:
    """Add to the history, for a day of its own."""
    day = str(FIRST_DAY + timedelta(number))
    body = json.dumps({"movie": film, "watched_on": day})
    ask = Ask(f"{API}/user/history/", member.tokens.access, "POST", body)
    return Write("viewing", ask, (member.id, number), film)


def playlist(member: Somebody, film: int, number: int) -> Write:
    body = json.dumps({"name": f"{number}", "movies": [film]})
    ask = Ask(f"{API}/playlists/", member.tokens.access, "POST", body)
    return Write("playlist", ask, (member.id, number), film)


def mail(member: Somebody, number: int) -> Write:
    """Ask for a mail, which is a job."""
    body = json.dumps({"email": member.email})
    ask = Ask(f"{API}/auth/password/reset/", "", "POST", body)
    return Write("mail", ask, (member.id, number), 1)


def send(connection: HTTPConnection, ask: Ask) -> Answer:
    headers = {"Content-Type": "application/json"}
    if ask.token:
        headers["Authorization"] = f"Bearer {ask.token}"
    began = perf_counter()
    try:
        with suppress(BrokenPipeError):  # answered before all of it was there
            connection.request(ask.method, ask.path, ask.body, headers)
        answer = connection.getresponse()
        kind = kind_of(answer.status, answer.read(), answer.headers["Retry-After"])
        is_done = answer.status in DONE
    except (OSError, HTTPException) as error:
        kind, is_done = f"no answer ({type(error).__name__})", False
    return Answer(monotonic(), perf_counter() - began, is_done, kind)


def kind_of(status: int, told: bytes, retry_after: str | None) -> str:
    if status in DONE:
        return f"{status}"
    try:
        code = json.loads(told)["code"]
    except (ValueError, KeyError, TypeError):
        code = repr(told[:60])
    return f"{status} {code}, Retry-After: {retry_after or 'none'}"
