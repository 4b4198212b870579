"""How PostgreSQL answers every list: plans, rows, pages read and time, the worst first.

`NEXUS_HOME=/filled/by/bench.data python -m bench.plans` looks at the ids of page 1, at
those of page 500 and at the count, for each filter alone and for several together; then
at all that searches, recommendations and the numbers of the genres ask.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from typing import Any

import django
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
django.setup()

from nexus.accounts.models import User  # noqa: E402  needs settings
from nexus.catalog.conditions import FilmQuery, Sql  # noqa: E402
from nexus.catalog.expiry import is_listed  # noqa: E402
from nexus.catalog.models import Movie  # noqa: E402
from nexus.catalog.pages import LAST_PAGE  # noqa: E402
from nexus.catalog.queries import (  # noqa: E402
    ORDERINGS,
    MovieFilters,
    films_by_genre,
    list_movies,
    movies_passing,
    top_rated,
)
from nexus.catalog.rows import (  # noqa: E402
    FIRST_PAGE,
    count_rows,
    counted,
    read_beside,
    read_counted,
    read_film,
    read_in_order,
    read_listed,
    read_people,
    read_titles,
    read_with_versions,
)
from nexus.catalog.search import best_matches  # noqa: E402
from nexus.database.kept import keep_plans  # noqa: E402
from nexus.recommendations.facts import facts_of  # noqa: E402
from nexus.recommendations.films import stamp_after  # noqa: E402
from nexus.recommendations.members import read_member, version_said  # noqa: E402
from nexus.recommendations.shortlist import changed, read_shortlist  # noqa: E402

PAGE_SIZE = 20
VARIANTS = 3  # of filters together
TOP_RATED = "top rated"
NARROW = (MovieFilters(person=1), MovieFilters(ids=(1,)))
WIDE = (
    MovieFilters(genres=(18,)),
    MovieFilters(year_min=1990, year_max=2019),
    MovieFilters(language="en"),
)
RANGES = (
    *(MovieFilters(year=1994), MovieFilters(year_min=1990, year_max=1999)),
    *(MovieFilters(runtime_min=90), MovieFilters(vote_average_max=2)),
    *(MovieFilters(vote_count_min=100), MovieFilters(language="en")),
)
GENRES = "numbers of the genres"
READ_ALL = (GENRES,)  # every film, on purpose: see docs/adr/0010
# Tables of a few rows each, which no index makes quicker.
SMALL = {"catalog_genre", "catalog_lastrun", "catalog_tmdbcalls"}
KEPT = """
SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements
WHERE NOT from_sql
"""
SINGLE: dict[str, list[dict[str, Any]]] = {
    "genres": [
        {"genres": (18,)},
        {"genres": (37,)},
        {"genres": (18, 35)},
        {"genres": (10752, 37), "any_genre": True},
        {"genres": (37, 878, 99)},
    ],
    "year": [{"year": 2025}, {"year": 1994}, {"year": 1921}],
    "years": [
        {"year_min": 1990, "year_max": 1999},
        {"year_max": 1930},
        {"year_min": 2026},
    ],
    "runtime": [
        {"runtime_min": 90, "runtime_max": 120},
        {"runtime_min": 300},
        {"runtime_max": 5},
    ],
    "average": [
        {"vote_average_min": 8},
        {"vote_average_min": 9.9},
        {"vote_average_max": 2},
    ],
    "votes": [{"vote_count_min": 100}, {"vote_count_min": 20_000}],
    "language": [{"language": "en"}, {"language": "ko"}, {"language": "is"}],
    "person": [{"person": 5_000_003}, {"person": 5_100_003}],
    "ids": [{"ids": tuple(range(3_000_001, 3_000_101))}],
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What PostgreSQL did."""

    what: str
    milliseconds: float
    blocks: int
    nodes: tuple[str, ...]
    rows: int

    @property
    def kind(self) -> str:
        if self.what in READ_ALL:
            return "all films"
        first, *_ = self.what.split()
        if first in {"count", "search:", "other:", "kept:"}:
            return first.rstrip(":")
        return "page 500" if " p500" in self.what else "page 1"

    @property
    def is_sequential(self) -> bool:
        """Say whether it reads a whole table of the catalogue that may be large."""
        tables = {
            table
            for kind, _, table in (node.partition(" on ") for node in self.nodes)
            if kind == "Seq Scan" and table.startswith("catalog_")
        }
        return bool(tables - SMALL)

    @property
    def is_wrong(self) -> bool:
        return self.is_sequential and self.what not in READ_ALL


def combined() -> Iterator[dict[str, Any]]:
    """Yield no filter, each alone, and up to three of different kinds together."""
    yield {}
    for several in SINGLE.values():
        yield from several
    for count in (2, 3):
        for kinds in combinations(SINGLE.values(), count):
            for number in range(VARIANTS):
                # Different ones are put together: common with rare.
                values = [
                    kind[(number + place) % len(kind)]
                    for place, kind in enumerate(kinds)
                ]
                yield {name: value for one in values for name, value in one.items()}


def explain(what: str, asked: Sql, *, analyze: bool = True) -> Seen:
    return seen_in(what, plan_of(asked.sql, asked.values, analyze=analyze))


def plan_of(sql: str, values: Any, *, analyze: bool) -> dict[str, Any]:
    options = "ANALYZE, BUFFERS, " if analyze else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({options}FORMAT JSON) {sql}", values)
        [plan] = cursor.fetchone()
    [found] = json.loads(plan) if isinstance(plan, str) else plan
    return dict(found)


def seen_in(what: str, plan: dict[str, Any]) -> Seen:
    """Read a plan as EXPLAIN writes it in JSON."""
    nodes = list(nodes_of(plan["Plan"]))
    blocks = plan["Plan"].get("Shared Hit Blocks", 0)
    blocks += plan["Plan"].get("Shared Read Blocks", 0)
    return Seen(
        what,
        plan.get("Execution Time", 0.0) + plan.get("Planning Time", 0.0),
        blocks,
        tuple(nodes),
        plan["Plan"].get("Actual Rows", 0),
    )


def nodes_of(plan: dict[str, Any]) -> Iterator[str]:
    """Name the nodes, without those that were not needed where it was carried out."""
    if plan.get("Actual Loops") == 0:
        return
    name = plan["Node Type"]
    if "Relation Name" in plan:
        name += f" on {plan['Relation Name']}"
    if "Index Name" in plan:
        name += f" by {plan['Index Name']}"
    yield name
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def look(*, analyze: bool = True) -> Iterator[Seen]:
    """Look at every list, every way to search, and what else asks about many films."""
    now = timezone.now()
    yield from look_at_lists(now, analyze=analyze)
    for text in typed():
        search = partial(best_matches, is_listed(now), text)
        yield from plans_during(f"search: {text!r}", search, analyze=analyze)
    for name, asked in others(now).items():
        yield from plans_during(f"other: {name}", asked, analyze=analyze)
    genres = partial(films_by_genre, now=now)
    yield from plans_during(GENRES, genres, analyze=analyze)
    yield from kept_plans(now)


def typed() -> Iterator[str]:
    """Yield what people type: titles, parts of them, typos, common words, signs."""
    middle = Movie.objects.count() // 2
    title = Movie.objects.order_by("id").values_list("title", flat=True)[middle]
    yield from (title, title[:-2], f"{title[0]}{title[2:]}")
    yield from ("night", "the", "the night", "die na", "x", "la nuit", "$")


def others(now: datetime) -> dict[str, Callable[[], object]]:
    """Return what asks about many films, and is no list."""
    shortlist = read_shortlist(now=now)
    filters = MovieFilters(genres=(18,), year_min=1990)
    passing = movies_passing(filters, now=now)
    some = sorted(shortlist.ids)[:PAGE_SIZE]
    return {
        "the shortlist": lambda: read_shortlist(now=now),
        "what changed of it": lambda: changed(shortlist, now - timedelta(minutes=1)),
        "which of it pass": lambda: list(shortlist.among(passing)),
        "the stamp of changes": lambda: stamp_after(now - timedelta(minutes=1)),
        "the stamp of all": lambda: stamp_after(None),
        "facts": lambda: facts_of(some, now=now),
        "beside a film": lambda: read_beside(some[0]),
    }


def kept_plans(now: datetime) -> Iterator[Seen]:
    """Look at the plans that are made once, whatever the values: `nexus.database.kept`.

    They are only looked at: of some, carrying out without values would tell nothing.
    """
    connection.ensure_connection()
    connection.keeps_plans = True  # type: ignore[attr-defined]  # of our own backend
    keep_plans(connection.connection)
    film, *_ = some = list(Movie.objects.values_list("id", flat=True)[:PAGE_SIZE])
    read_film(film)
    read_beside(film)
    for read in (read_in_order, read_titles, read_people):
        read(some)
    list(read_with_versions(some))
    facts_of(some, now=now)
    version_said(User(pk=1))
    read_member(User(pk=1))
    for order in orders({}):
        start, end = FIRST_PAGE
        read_listed(lists_of(MovieFilters(), now, order), start=start, end=end)
        for narrow in NARROW:
            read_counted(lists_of(narrow, now, order), start=start, end=end)
        for wide in WIDE:
            films = lists_of(wide, now, order)
            read_listed(films, start=start, end=end, is_wide=True)
    for ranges in RANGES:
        count_rows(lists_of(ranges, now, "-popularity"), most=LAST_PAGE * PAGE_SIZE)
    with connection.cursor() as cursor:
        cursor.execute(KEPT)
        found = cursor.fetchall()
    for name, statement, count in found:
        sql = f"EXECUTE {name}({', '.join(['NULL'] * count)})"
        plan = plan_of(sql, None, analyze=False)
        yield seen_in(f"kept: {' '.join(statement.split())}", plan)


def plans_during(
    what: str, call: Callable[[], object], *, analyze: bool
) -> Iterator[Seen]:
    """Look at every statement that is made meanwhile."""
    statements: list[tuple[str, Any]] = []

    def remember(execute: Callable[..., Any], sql: str, values: Any, *told: Any) -> Any:
        statements.append((sql, values))
        return execute(sql, values, *told)

    with connection.execute_wrapper(remember):
        call()
    for sql, values in statements:
        if not sql.startswith("EXPLAIN"):  # an estimate
            yield seen_in(what, plan_of(sql, values, analyze=analyze))


def look_at_lists(now: datetime, *, analyze: bool) -> Iterator[Seen]:
    """Look in every order where the filters are few."""
    for values in combined():
        filters = MovieFilters(**values)
        told = " ".join(f"{name}={value!r:.30}" for name, value in values.items())
        lists = {order: lists_of(filters, now, order) for order in orders(values)}
        found = next(iter(lists.values())).unordered
        last = LAST_PAGE * PAGE_SIZE
        count = Sql(f"{found.sql} LIMIT %s", (*found.values, last + 1))
        yield explain(f"count {told}", count, analyze=analyze)
        for order, films in lists.items():
            page = partial(counted, films) if films.is_narrow else films.ids
            first = page(start=0, end=PAGE_SIZE)
            deep = page(start=last - PAGE_SIZE, end=last)
            yield explain(f"{order} {told}", first, analyze=analyze)
            yield explain(f"{order} p500 {told}", deep, analyze=analyze)


def orders(values: dict[str, Any]) -> list[str]:
    every = [f"{sign}{name}" for name in ORDERINGS for sign in ("-", "")]
    return ["-popularity", TOP_RATED] if len(values) > 2 else [*every, TOP_RATED]


def lists_of(filters: MovieFilters, now: datetime, order: str) -> FilmQuery:
    if order == TOP_RATED:
        return top_rated(filters, now=now)
    return list_movies(filters, now=now, ordering=order)


def tell(kind: str, times: list[float]) -> None:
    """Print how long these took; the slowest come first."""
    shares = {"median": 2, "p95": 20, "p99": 100, "worst": len(times) + 1}
    told = [f"{name} {times[len(times) // of]:.2f} ms" for name, of in shares.items()]
    print(f"{kind:9} {len(times):5} queries: {', '.join(told)}")


def require_database() -> None:
    """Start none: as `make run` sets one, so the plans are."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise SystemExit(
            f"No database answers in {settings.HOME.path}: let `make run` or"
            " `bench.load` run there meanwhile, or name another folder as NEXUS_HOME."
        ) from error


def main() -> int:
    require_database()
    found = sorted(look(), key=lambda one: -one.milliseconds)
    for one in found[:60]:
        told = f"{one.blocks:7} blocks {one.rows:6} rows  {one.what}"
        print(f"{one.milliseconds:8.1f} ms {told}")
        print(f"{' ' * 12}{' < '.join(one.nodes)}")
    kinds = ("count", "page 1", "page 500", "search", "other", "kept", "all films")
    for kind in kinds:
        tell(kind, [one.milliseconds for one in found if one.kind == kind])
    print(f"{len(found)} statements, {sum(len(one.nodes) for one in found)} nodes")
    sequential = [one.what for one in found if one.is_wrong]
    print(f"{len(sequential)} sequential: {sequential[:20]}")
    return 1 if sequential else 0


if __name__ == "__main__":
    raise SystemExit(main())
