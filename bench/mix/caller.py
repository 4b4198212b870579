"""One connection on which some members do one thing after the other."""

import json
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event
from time import monotonic, perf_counter

from bench.load.goals import API, STARS
from bench.load.wrk import Ask
from bench.mix.ledger import Ledger
from bench.people import FIRST_IMPORT, Tokens, renew, sign_in
from nexus.lib.seldom import Seldom

PATIENCE_S = 60.0
TOKEN_LASTS_S = 8 * 60.0  # it is good for two minutes more
RENEW_AGAIN_S = 10.0  # after a failure
EXAMPLES = 3  # of failures, kept for a person to read
# Of a hundred things that somebody does.
SHARES = {
    "list": 28,
    "film": 25,
    "search": 14,
    "feed": 10,
    "match score": 9,
    "rating": 11,
    "rating taken back": 1,
    "import": 2,
}
ANSWERS = {"rating": (200, 201), "rating taken back": (204,), "import": (200, 201)}


@dataclass(slots=True)
class Somebody:
    """A made-up member."""

    id: int
    email: str
    tokens: Tokens
    since_s: float = field(init=False)  # the tokens are used
    is_spent: bool = False  # the refresh token, for all that is known

    def __post_init__(self) -> None:
        self.since_s = self.tokens.asked_s


@dataclass(frozen=True, slots=True)
class Plan:
    """What all callers draw from. `reads` are by name of what is done."""

    port: int
    films: Sequence[int]
    reads: Mapping[str, Sequence[Ask]]
    imports: Seldom


@dataclass(slots=True)
class Seen:
    """What callers were answered."""

    statuses: dict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    taken_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    examples: list[str] = field(default_factory=list)

    def add(self, what: str, status: int, taken_ms: float, told: bytes) -> None:
        """Note an answer; status 0 stands for none."""
        self.statuses[what][status] += 1
        self.taken_ms[what].append(taken_ms)
        if not is_expected(what, status) and len(self.examples) < EXAMPLES:
            self.examples.append(f"{what}: {status} {told[:300]!r}")

    def failed(self) -> int:
        """Count what was answered otherwise than it should be, or not at all."""
        return sum(
            count
            for what, statuses in self.statuses.items()
            for status, count in statuses.items()
            if not is_expected(what, status)
        )

    def never_done(self) -> list[str]:
        """Name what was not done even once as it should be."""
        return [
            what
            for what in SHARES
            if not any(
                is_expected(what, status) for status in self.statuses.get(what, ())
            )
        ]


def is_expected(what: str, status: int) -> bool:
    return status in ANSWERS.get(what, (200,))


class Caller:
    def __init__(self, plan: Plan, members: Sequence[Somebody], *, seed: int) -> None:
        self.plan, self.members = plan, members
        self.random = random.Random(seed)  # noqa: S311  nothing is hidden
        self.ledger, self.seen = Ledger(), Seen()
        self.connection = HTTPConnection("127.0.0.1", plan.port, timeout=PATIENCE_S)

    def call_until(self, over: Event) -> None:
        names, weights = list(SHARES), list(SHARES.values())
        while not over.is_set():
            member = self.random.choice(self.members)
            if monotonic() - member.since_s > TOKEN_LASTS_S:
                self.renew(member)
            self.do(self.random.choices(names, weights)[0], member)
        self.connection.close()

    def renew(self, member: Somebody) -> None:
        """Sign in where the refresh token may be spent, with no answer to it."""
        began = perf_counter()
        try:
            if member.is_spent:
                member.tokens = sign_in(self.plan.port, member.email)
            else:
                member.tokens = renew(self.plan.port, member.tokens)
            member.is_spent = False
            member.since_s = member.tokens.asked_s
            status, told = 200, b""
        except (OSError, HTTPException) as error:
            member.since_s += RENEW_AGAIN_S
            member.is_spent = True
            status, told = 0, repr(error).encode()
        self.seen.add("renewal", status, (perf_counter() - began) * 1000, told)

    def do(self, what: str, member: Somebody) -> None:
        if what == "import" and not self.plan.imports.may():
            what = "list"
        if what in ("rating", "rating taken back"):
            self.rate(what, member)
        elif what == "import":
            self.bring_in(member)
        elif what in self.plan.reads:
            self.send(what, self.random.choice(self.plan.reads[what]))
        else:
            film = self.random.choice(self.plan.films)
            paths = {"feed": "/user/recommendations/"}
            path = paths.get(what, f"/movies/{film}/match_score/")
            self.send(what, Ask(f"{API}{path}", member.tokens.access))

    def rate(self, what: str, member: Somebody) -> None:
        """Rate some film, or take back or change what was said a while ago."""
        rated = self.ledger.rated_by(member.id)
        is_taken_back = what == "rating taken back" and bool(rated)
        is_old = is_taken_back or (bool(rated) and self.random.random() < 0.3)
        film = self.random.choice(rated if is_old else self.plan.films)
        path = f"{API}/movies/{film}/rating/"
        if is_taken_back:
            status = self.send(what, Ask(path, member.tokens.access, "DELETE"))
            value = None
        else:
            stars = self.random.choice(STARS)
            body = json.dumps({"stars": stars})
            status = self.send("rating", Ask(path, member.tokens.access, "PUT", body))
            value = round(stars * 2)
        if status == 0 or status >= 500 or status in (200, 201, 204):
            is_answered = status in (200, 201, 204)
            self.ledger.note((member.id, film), value, is_answered=is_answered)

    def bring_in(self, member: Somebody) -> None:
        number = FIRST_IMPORT + secrets.randbelow(2**30)  # of no earlier run
        body = json.dumps({"tmdb_id": number})
        path = f"{API}/tmdb/import/"
        if self.send("import", Ask(path, member.tokens.access, "POST", body)) in (
            200,
            201,
        ):
            self.ledger.imported.add(number)

    def send(self, what: str, ask: Ask) -> int:
        """Return the status; 0 if there was no answer."""
        headers = {"Authorization": f"Bearer {ask.token}"} if ask.token else {}
        if ask.body:
            headers["Content-Type"] = "application/json"
        began = perf_counter()
        try:
            self.connection.request(ask.method, ask.path, ask.body or None, headers)
            answer = self.connection.getresponse()
            status, told = answer.status, answer.read()
        except (OSError, HTTPException) as error:
            self.connection.close()  # the next one opens another
            status, told = 0, repr(error).encode()
        self.seen.add(what, status, (perf_counter() - began) * 1000, told)
        return status
