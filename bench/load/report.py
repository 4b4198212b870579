"""The page for people: goals, the wide table, the mix, and what it was measured on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.load.results import mark
from bench.load.store import Run, name_of

Row = dict[str, Any]

COURSE = ("first", "half", "last", "peak")
HEAD = """\
# Performance

Written by `make bench BENCH="--report docs/PERFORMANCE.md"`: run it again instead of
changing it. [Benchmarks](benchmarks.md) says how to read it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A goal as the design states it, over the rows of a run that begin so."""

    words: str
    rows: tuple[str, ...]
    figure: str  # a share, a rate or milliseconds: the worst one is told
    is_at_least: bool


ASKED = (
    Asked(
        words="cached public reads (trending, list, film): >= .80 of the limit",
        rows=("trending, again", "a list, again", "films, again"),
        figure="share",
        is_at_least=True,
    ),
    Asked(
        words="feed, answered again: >= .10 of the limit",
        rows=("feed, again",),
        figure="share",
        is_at_least=True,
    ),
    Asked(
        words="feed after a rating (10,000 films, 100 ratings): >= 300/s, p95 <= 25 ms",
        rows=("feed after a rating",),
        figure="per_second",
        is_at_least=True,
    ),
    Asked(
        words="match score: >= 800/s",
        rows=("match score",),
        figure="per_second",
        is_at_least=True,
    ),
    Asked(
        words="lists from PostgreSQL, nothing kept: >= .12 of the limit",
        rows=("lists",),
        figure="share",
        is_at_least=True,
    ),
    Asked(
        words="any filter, page 1 (1,000,000 films): p95 <= 25 ms at 16 connections",
        rows=("page 1", "filter: ", "three filters"),
        figure="p95_ms",
        is_at_least=False,
    ),
    Asked(
        words="rating, durable: >= .045 of the limit",
        rows=("rating",),
        figure="share",
        is_at_least=True,
    ),
)


def report(runs: Sequence[Run]) -> str:
    parts = [HEAD, *goals_table(runs)]
    for run in runs:
        parts += section(run)
    return "\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


# Goals, a column for each size


def goals_table(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Goals\n"
    head = ["goal", *map(name_of, runs)]
    rows = [[asked.words, *(cell(asked, run) for run in runs)] for asked in ASKED]
    others: list[tuple[str, Callable[[Run], str]]] = [
        ("cached reads while 16 calls of TMDb hang: p99 <= 2 x undisturbed", hanging),
        ("start on an existing folder: <= 5 s", start),
        ("the mix: nothing fails, nothing is lost, memory stays flat", mixed),
    ]
    rows += [[words, *(told(run) for run in runs)] for words, told in others]
    yield from table(head, rows)


def cell(asked: Asked, run: Run) -> str:
    rows = [one for one in run["goals"] if is_row(asked, one["name"])]
    if not rows:
        return ""
    figures = [one[asked.figure] or 0.0 for one in rows]
    worst = min(figures) if asked.is_at_least else max(figures)
    is_met = all(one["is_met"] for one in rows)
    return f"{figure(asked.figure, worst)} {mark(is_met=is_met)}"


def is_row(asked: Asked, name: str) -> bool:
    return any(
        name.startswith(one) if one.endswith(": ") else name == one
        for one in asked.rows
    )


def figure(name: str, value: float) -> str:
    texts = {"share": f"{value:.3f}", "per_second": f"{value:,.0f}/s"}
    return texts.get(name, f"{value:.1f} ms")


def hanging(run: Run) -> str:
    found = run.get("hanging")
    return f"{found['times']:.2f} x {mark(is_met=found['is_met'])}" if found else ""


def start(run: Run) -> str:
    return f"{run['start']['s']:.1f} s {mark(is_met=run['start']['is_met'])}"


def mixed(run: Run) -> str:
    if "mix" not in run:
        return ""
    mix = run["mix"]
    told = f"{mix['failed']} failed, {mix['lost']} lost"
    return f"{told} {mark(is_met=mix['is_met'])}"


# One size


def section(run: Run) -> Iterator[str]:
    sizes = ", ".join(f"{n:,} {name}" for name, n in run["sizes"].items())
    options = run["options"]
    yield f"## {name_of(run)}\n"
    if "ended_by" in run:
        yield f"It ended early; what is missing was not measured. {run['ended_by']}\n"
    about = ", ".join(f"{name} {told}" for name, told in run["about"].items() if told)
    yield f"{sizes}.\n\n{about}.\n"
    yield (
        f"Medians of {options['rounds']} rounds of {options['seconds']:g} s at"
        f" {options['connections']} connections; processor time in microseconds per"
        " request.\n"
    )
    yield from wide_table(run["goals"])
    yield from memory(run)
    if "hanging" in run:
        yield from hanging_lines(run["hanging"])
    if "mix" in run:
        yield from mix_table(run["mix"])
    yield from profiles(run)


def wide_table(goals: Sequence[Row]) -> Iterator[str]:
    head = ["", "/s", "of the limit", "p50 ms", "p95 ms", "p99 ms"]
    head += ["limit", "web", "database", "cache", "goal", ""]
    yield from table(head, [wide_row(one) for one in goals])


def wide_row(one: Row) -> list[str]:
    times = [f"{one[name]:.1f}" for name in ("p50_ms", "p95_ms", "p99_ms")]
    spent = [f"{one['cpu'][part]:,.0f}" for part in ("web", "database", "cache")]
    spent.insert(0, "" if one["limit_us"] is None else f"{one['limit_us']:.0f}")
    share = "" if one["share"] is None else f"{one['share']:.3f}"
    met = mark(is_met=one["is_met"])
    rate = f"{one['per_second']:,.0f}"
    return [one["name"], rate, share, *times, *spent, one["goal"], met]


def memory(run: Run) -> Iterator[str]:
    starts = ", ".join(f"{seconds:.1f}" for seconds in run["start"]["all_s"])
    told = memory_told(run)
    yield f"Memory of the web processes, MiB: {told}. Starts: {starts} s.\n"


def memory_told(run: Run) -> str:
    return "; ".join(
        f"{one['rss']:.0f} (PSS {one['pss']:.0f})" for one in run.get("memory", [])
    )


def hanging_lines(found: Row) -> Iterator[str]:
    calm, hung = found["undisturbed"], found["while it hangs"]
    got = ", ".join(
        f"{status} {count} times" for status, count in found["callers got"].items()
    )
    yield (
        f"Cached reads: p99 {calm['p99_ms']:.1f} ms undisturbed,"
        f" {hung['p99_ms']:.1f} ms while TMDb hangs, whose callers got"
        f" {got or 'no answer until the end'}.\n"
    )


def mix_table(mix: Row) -> Iterator[str]:
    yield (
        f"### The mix\n\n{mix['connections']} connections of {mix['members']} members"
        f" for {mix['seconds']:.0f} s: {mix['per_second']:,.0f}/s. {mix['failed']}"
        " answers that were wrong or missing;"
        f" of {mix['writes']:,} acknowledged writes {mix['lost']} lost."
        f" A training meanwhile: {mix['training']['outcome']}.\n"
    )
    for name, words in (("never_done", "Never done"), ("gone", "Ended meanwhile")):
        if mix.get(name):
            yield f"{words}: {', '.join(mix[name])}.\n"
    rows = [
        [what, f"{row['count']:,}"]
        + [f"{row[name]:.1f}" for name in ("p50_ms", "p95_ms", "p99_ms")]
        for what, row in mix["done"].items()
    ]
    yield from table(["", "times", "p50 ms", "p95 ms", "p99 ms"], rows)
    flat = {True: "flat", False: "GROWS", None: "not judged"}
    rows = [
        [name, *(f"{one[key]:.0f}" for key in COURSE), flat[one["is_flat"]]]
        for name, one in mix["memory"].items()
    ]
    yield from table(["MiB", *COURSE, ""], rows)


def profiles(run: Run) -> Iterator[str]:
    found = run.get("profiles")
    if not found:
        return
    yield (
        "### Where missed goals spend their time\n\nIn a web process, each function's"
        " own time for one request, under a profiler that makes small functions look"
        " dearer. What the database takes is in the table above.\n"
    )
    for name, told in found.items():
        yield f"{name}:\n\n```text\n{told.rstrip()}\n```\n"
