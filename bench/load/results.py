"""What came of the rounds, and whether it meets the goal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.load.goals import Goal
from bench.load.wrk import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Medians of the rounds; CPU in microseconds per request.

    limit:   requests per second of the limit, where the goal is a share of it;
             limit_us: its CPU
    first_s: the slowest of the first answers, asked for at the same time
    refused: answers of 400 and above; lost: no answer at all
    """

    name: str
    is_kept: bool
    goal: str
    is_met: bool
    per_second: float = 0.0
    limit: float | None = None
    limit_us: float | None = None
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    cpu: Mapping[str, float]
    first_s: float = 0.0
    refused: int = 0
    lost: int = 0

    @property
    def share(self) -> float | None:
        return self.per_second / self.limit if self.limit else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share}


@dataclass(slots=True)
class Turns:
    """The rounds of a goal; of the limit as well, where it is compared with."""

    first_s: float = 0.0
    limits: list[Load] = field(default_factory=list)
    limit_us: list[float] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    spent: list[Mapping[str, float]] = field(default_factory=list)


def summed_up(goal: Goal, turns: Turns, earlier: Sequence[Result] = ()) -> Result:
    loads = turns.loads
    limit = of("per_second", turns.limits) if turns.limits else None
    seen = {
        name: of(name, loads) for name in ("per_second", "p50_ms", "p95_ms", "p99_ms")
    }
    checks = checks_of(goal, seen, limit=limit, earlier=earlier)
    refused, lost = sum(one.refused for one in loads), sum(one.lost for one in loads)
    spent = turns.spent
    return Result(
        name=goal.name,
        is_kept=goal.is_kept,
        goal=told(goal, checks),
        is_met=all(checks.values()) and not refused + lost and all_answered(loads),
        limit=limit,
        limit_us=median(turns.limit_us) if turns.limit_us else None,
        cpu={part: median(one[part] for one in spent) for part in spent[0]},
        first_s=turns.first_s,
        refused=refused,
        lost=lost,
        **seen,
    )


def all_answered(loads: Sequence[Load]) -> bool:
    """Say whether each round had answers: times of none look fine."""
    return all(one.requests for one in loads)


def of(name: str, rounds: Sequence[Load]) -> float:
    """Return the median of a figure."""
    return median(float(getattr(one, name)) for one in rounds)


def unanswered(goal: Goal) -> Result:
    """Return what is told where not even one answer came."""
    return Result(
        name=goal.name,
        is_kept=goal.is_kept,
        goal=told(goal, ["an answer"]),
        is_met=False,
        cpu={"web": 0.0, "database": 0.0, "cache": 0.0},
        lost=1,
    )


def checks_of(
    goal: Goal,
    seen: Mapping[str, float],
    *,
    limit: float | None,
    earlier: Sequence[Result],
) -> dict[str, bool]:
    checks = {}
    if goal.share is not None:
        assert limit is not None
        checks[f">= {goal.share} of the limit"] = (
            seen["per_second"] >= goal.share * limit
        )
    if goal.per_second is not None:
        checks[f">= {goal.per_second:g}/s"] = seen["per_second"] >= goal.per_second
    if goal.p95_ms is not None:
        checks[f"p95 <= {goal.p95_ms:g} ms"] = seen["p95_ms"] <= goal.p95_ms
    if goal.times is not None:
        most, other = goal.times
        allowed_ms = [most * one.p95_ms for one in earlier if one.name == other]
        checks[f"p95 <= {most:g} x {other}"] = seen["p95_ms"] <= min(
            allowed_ms, default=0.0
        )
    return checks


def told(goal: Goal, checks: Mapping[str, bool] | Sequence[str]) -> str:
    where = f" (at {goal.films:,} films)" if goal.films else ""
    return ", ".join(checks) + where


HEAD = (
    f"{'':24} {'/s':>7} {'of limit':>8} {'p50':>7} {'p95':>7} {'p99 ms':>7}"
    f" {'limit':>6} {'web':>6} {'db':>6} {'cache us':>8}  goal"
)


def line_of(one: Result) -> str:
    cpu, share = one.cpu, "" if one.share is None else f"{one.share:.3f}"
    limit_us = "" if one.limit_us is None else f"{one.limit_us:.0f}"
    wrong = f" {one.refused} refused, {one.lost} lost" if one.refused + one.lost else ""
    return (
        f"{one.name:24} {one.per_second:7.0f} {share:>8} {one.p50_ms:7.1f}"
        f" {one.p95_ms:7.1f} {one.p99_ms:7.1f} {limit_us:>6} {cpu['web']:6.0f}"
        f" {cpu['database']:6.0f} {cpu['cache']:8.0f}"
        f"  {one.goal}: {mark(is_met=one.is_met)}{wrong}"
    )


def mark(*, is_met: bool) -> str:
    return "met" if is_met else "MISSED"
