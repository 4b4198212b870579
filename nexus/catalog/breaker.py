"""Leaves TMDb alone while it fails, for all processes together.

Closed, calls pass. It opens when calls keep failing or time out; then one call every
few seconds tries, and the first that succeeds closes it: the circuit breaker of M.
Nygard's "Release It!" (2007). It opens at once when TMDb tells us how long to wait.
"""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from redis import Redis
from redis.client import Pipeline

from nexus import valkey
from nexus.catalog.cache import LOCAL

# "nonsense": an answer that nobody can read, of one film perhaps; "rejected": our key.
Outcome = Literal["success", "failure", "timeout", "nonsense", "rejected"]

WINDOW_S: Final = 10.0
FEWEST_CALLS: Final = 10  # that say something of their share of failures
MOST_FAILURES: Final = 0.5  # of the calls in a window
MOST_IN_A_ROW: Final = 5
MOST_TIMEOUTS: Final = 3  # in a window: each holds a caller for seconds
FIRST_REST_S: Final = 2.0
LONGEST_REST_S: Final = 15.0
LONGEST_ASKED_S: Final = 30.0  # TMDb may ask for hours: it is tried before
PROBE_LIMIT_S: Final = 5.0
KEPT_S: Final = 120  # then nobody knows any more


@dataclass(frozen=True, slots=True)
class State:
    """What is known of TMDb's health; times are seconds since 1970.

    `rest_s` above 0 means open: until `until_s` nobody calls, then one tries.
    """

    since_s: float = 0.0
    calls: int = 0
    failures: int = 0
    timeouts: int = 0
    in_a_row: int = 0
    rest_s: float = 0.0
    until_s: float = 0.0
    is_unreadable: bool = False  # the last answer
    is_key_rejected: bool = False

    @property
    def is_open(self) -> bool:
        return self.rest_s > 0

    @property
    def is_failing(self) -> bool:
        """Say whether the last call failed."""
        return self.in_a_row > 0 or self.is_unreadable

    @property
    def is_out(self) -> bool:
        """Say whether the next call is likely to fail, whatever it asks for."""
        return self.in_a_row > 0 or self.is_open

    @property
    def has_enough(self) -> bool:
        share = self.failures / self.calls if self.calls >= FEWEST_CALLS else 0.0
        return (
            self.in_a_row >= MOST_IN_A_ROW
            or self.timeouts >= MOST_TIMEOUTS
            or share > MOST_FAILURES
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended; `asked_s`: for so long TMDb asked to be left alone."""

    outcome: Outcome
    was_probe: bool = False
    asked_s: float = 0.0


def after(state: State, ending: Ending, *, now_s: float, jitter: float) -> State:
    """Return the state after a call; `jitter` from 0 to 1 spreads the processes."""
    outcome, is_over = ending.outcome, now_s - state.since_s > WINDOW_S
    # Calls from before it opened say nothing new.
    if state.is_open and not ending.was_probe:
        return state
    if outcome == "success":
        if state.is_open or is_over:
            return State(since_s=now_s, calls=1)
        return replace(state, calls=state.calls + 1, in_a_row=0, is_unreadable=False)
    if is_over:
        state = replace(state, since_s=now_s, calls=0, failures=0, timeouts=0)
    state = failed(state, outcome)
    if state.is_open or state.has_enough or ending.asked_s > 0:
        return rest(state, now_s=now_s, jitter=jitter, asked_s=ending.asked_s)
    return state


def failed(state: State, outcome: Outcome) -> State:
    """Count a failure; what is unreadable opens it only by its share of the calls."""
    is_nonsense = outcome == "nonsense"
    return replace(
        state,
        calls=state.calls + 1,
        failures=state.failures + 1,
        timeouts=state.timeouts + (outcome == "timeout"),
        in_a_row=state.in_a_row + (not is_nonsense),
        is_unreadable=is_nonsense,
        is_key_rejected=outcome == "rejected",
    )


def rest(state: State, *, now_s: float, jitter: float, asked_s: float) -> State:
    """Open it, or leave it open for twice as long as before."""
    rest_s = min(max(FIRST_REST_S, state.rest_s * 2), LONGEST_REST_S)
    wait_s = max(rest_s * (0.75 + jitter / 4), min(asked_s, LONGEST_ASKED_S))
    return replace(state, rest_s=rest_s, until_s=now_s + wait_s)


def probing(state: State, *, now_s: float) -> State:
    """Let nobody else try for as long as one call may take."""
    return replace(state, until_s=now_s + PROBE_LIMIT_S)


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether to call; if not, in how many seconds somebody may try."""

    granted: bool
    is_probe: bool = False
    wait_s: float = 0.0
    is_key_rejected: bool = False


def permit_of(state: State, *, now_s: float) -> Permit:
    if not state.is_open:
        return Permit(granted=True)
    if now_s >= state.until_s:
        return Permit(granted=True, is_probe=True)
    return replace(refusal_of(state), wait_s=state.until_s - now_s)


def refusal_of(state: State) -> Permit:
    return Permit(granted=False, is_key_rejected=state.is_key_rejected)


class Breaker:
    """The breaker of one host, in Valkey or, without it, in this process."""

    def __init__(self, host: str) -> None:
        self.key = f"nexus:tmdb:breaker:{host}"
        self.lock = threading.Lock()  # of the state in this process

    def look(self, *, now_s: float) -> Permit:
        """Say whether a call would be permitted; takes nothing."""
        return permit_of(self.state(), now_s=now_s)

    def admit(self, *, now_s: float) -> Permit:
        """Permit a call, or, when it is time to try, one."""
        seen = self.state()
        permit = permit_of(seen, now_s=now_s)
        return self.claim(seen, now_s=now_s) if permit.is_probe else permit

    def claim(self, seen: State, *, now_s: float) -> Permit:
        """Of those who saw that it is time, one changes the state."""
        won = False

        def claim(state: State) -> State:
            nonlocal won
            won = state.is_open and state.until_s == seen.until_s
            return probing(state, now_s=now_s) if won else state

        self.change(claim)
        if won:
            return Permit(granted=True, is_probe=True)
        return replace(refusal_of(seen), wait_s=FIRST_REST_S)

    def record(self, ending: Ending, *, now_s: float) -> None:
        jitter = random.random()  # noqa: S311  spreads processes, hides nothing
        self.change(lambda state: after(state, ending, now_s=now_s, jitter=jitter))

    def state(self) -> State:
        try:
            raw = valkey.ask(lambda client: client.get(self.key))
        except valkey.ValkeyDown:
            raw = LOCAL.get(self.key)
        return loads(raw)

    def change(self, how: Callable[[State], State]) -> None:
        """Replace the state by what `how` makes of it; nobody else's change is lost.

        Threads take turns: at once, each would make the others start over.
        """
        with self.lock:
            try:
                valkey.ask(lambda client: self.change_shared(client, how))
            except valkey.ValkeyDown:
                state = how(loads(LOCAL.get(self.key)))
                LOCAL.set(self.key, dumps(state), timeout=KEPT_S)

    def change_shared(self, client: Redis, how: Callable[[State], State]) -> None:
        def again(pipeline: Pipeline) -> None:
            state = how(loads(pipeline.get(self.key)))
            pipeline.multi()
            pipeline.set(self.key, dumps(state), px=int(KEPT_S * 1000))

        client.transaction(again, self.key)


def dumps(state: State) -> str:
    return json.dumps(asdict(state))


def loads(raw: bytes | str | None) -> State:
    """Read a stored state; one that another version wrote is as good as none."""
    try:
        state = State(**json.loads(raw)) if raw else State()
    except (TypeError, ValueError):
        return State()
    numbers = all(isinstance(value, int | float) for value in asdict(state).values())
    return state if numbers else State()


@lru_cache(maxsize=4)
def breaker_of(host: str) -> Breaker:
    return Breaker(host)
