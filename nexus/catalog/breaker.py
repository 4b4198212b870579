"""Leaves TMDb alone while it fails, for all processes together.

Closed, calls pass. It opens when calls keep failing or time out; then one call every
few seconds tries, and the first that succeeds closes it: the circuit breaker of M.
Nygard's "Release It!" (2007).
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

Outcome = Literal["success", "failure", "timeout"]

WINDOW_S: Final = 10.0
FEWEST_CALLS: Final = 10  # that say something of their share of failures
MOST_FAILURES: Final = 0.5  # of the calls in a window
MOST_IN_A_ROW: Final = 5
MOST_TIMEOUTS: Final = 3  # in a window: each holds a caller for seconds
FIRST_REST_S: Final = 2.0
LONGEST_REST_S: Final = 15.0
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

    @property
    def is_open(self) -> bool:
        return self.rest_s > 0

    @property
    def is_failing(self) -> bool:
        """Say whether the last call failed."""
        return self.in_a_row > 0

    @property
    def has_enough(self) -> bool:
        share = self.failures / self.calls if self.calls >= FEWEST_CALLS else 0.0
        return (
            self.in_a_row >= MOST_IN_A_ROW
            or self.timeouts >= MOST_TIMEOUTS
            or share > MOST_FAILURES
        )


def after(
    state: State, outcome: Outcome, *, was_probe: bool, now_s: float, jitter: float
) -> State:
    """Return the state after a call; `jitter` from 0 to 1 spreads the processes."""
    is_over = now_s - state.since_s > WINDOW_S
    if outcome == "success":
        if state.is_open or is_over:
            return State(since_s=now_s, calls=1)
        return replace(state, calls=state.calls + 1, in_a_row=0)
    if is_over:
        state = replace(state, since_s=now_s, calls=0, failures=0, timeouts=0)
    state = replace(
        state,
        calls=state.calls + 1,
        failures=state.failures + 1,
        timeouts=state.timeouts + (outcome == "timeout"),
        in_a_row=state.in_a_row + 1,
    )
    # Calls from before it opened say nothing new.
    opens = was_probe if state.is_open else state.has_enough
    return rest(state, now_s=now_s, jitter=jitter) if opens else state


def rest(state: State, *, now_s: float, jitter: float) -> State:
    """Open it, or leave it open for twice as long as before."""
    rest_s = min(max(FIRST_REST_S, state.rest_s * 2), LONGEST_REST_S)
    until_s = now_s + rest_s * (0.75 + jitter / 4)
    return replace(state, rest_s=rest_s, until_s=until_s)


def probing(state: State, *, now_s: float) -> State:
    """Let nobody else try for as long as one call may take."""
    return replace(state, until_s=now_s + PROBE_LIMIT_S)


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether to call; if not, in how many seconds somebody may try."""

    granted: bool
    is_probe: bool = False
    wait_s: float = 0.0


class Breaker:
    """The breaker of one host, in Valkey or, without it, in this process."""

    def __init__(self, host: str) -> None:
        self.key = f"nexus:tmdb:breaker:{host}"
        self.lock = threading.Lock()  # of the state in this process

    def admit(self, *, now_s: float) -> Permit:
        state = self.state()
        if not state.is_open:
            return Permit(granted=True)
        if now_s < state.until_s:
            return Permit(granted=False, wait_s=state.until_s - now_s)
        # Of those who saw that it is time, one changes the state.
        seen = state.until_s
        won = False

        def claim(state: State) -> State:
            nonlocal won
            won = state.is_open and state.until_s == seen
            return probing(state, now_s=now_s) if won else state

        self.change(claim)
        return Permit(granted=won, is_probe=won, wait_s=0.0 if won else FIRST_REST_S)

    def record(self, outcome: Outcome, *, was_probe: bool, now_s: float) -> None:
        jitter = random.random()  # noqa: S311  spreads processes, hides nothing
        self.change(
            lambda state: after(
                state, outcome, was_probe=was_probe, now_s=now_s, jitter=jitter
            )
        )

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
