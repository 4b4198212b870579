"""docs/access.md as data, and the routes that it has to name.

A path of the table is written with what it names in braces, `/api/ratings/{of a public
profile}/`; its route is the same with empty braces, `/api/ratings/{}/`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.urls import URLPattern, URLResolver

from nexus.env import PROJECT_DIR

FILE: Final = PROJECT_DIR / "docs" / "access.md"
CALLERS: Final = ("anonymous", "owner", "member", "moderator", "admin")
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
IN_WORDS: Final = {
    "any": METHODS,
    "any but POST": tuple(method for method in METHODS if method != "POST"),
}
NOT_ANSWERED: Final = "405"
# `<uuid:playlist_id>`, or a named group of a regular expression.
PARAMETER: Final = re.compile(r"\(\?P<\w+>[^()]*\)|<[^<>]*>")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line of the file; `statuses` is by caller."""

    number: int
    methods: tuple[str, ...]
    path: str
    statuses: dict[str, str]

    def with_statuses(self, statuses: Iterable[str]) -> str:
        return f"| {', '.join(self.methods)} | `{self.path}` | {' | '.join(statuses)} |"


# By path, then by method.
Table = dict[str, dict[str, Row]]


def read(text: str) -> Table:
    """Read the table; what stands for several paths is spelled out."""
    lines = [cells_of(line) for line in text.splitlines()]
    groups = {
        cells[0].strip("`"): [word.strip(" `") for word in cells[1].split(", ")]
        for cells in lines
        if len(cells) == 2 and cells[0].startswith("`{")
    }
    table: Table = {}
    for number, cells in enumerate(lines):
        if len(cells) == 2 + len(CALLERS) and cells[1].startswith("`/"):
            enter(table, row_of(number, cells), groups)
    for row_by_method in table.values():
        if "GET" in row_by_method:
            row_by_method.setdefault("HEAD", row_by_method["GET"])
    return table


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def row_of(number: int, cells: list[str]) -> Row:
    methods, path, *statuses = cells
    found = tuple(methods.split(", "))
    return Row(
        number, found, path.strip("`"), dict(zip(CALLERS, statuses, strict=True))
    )


def enter(table: Table, row: Row, groups: dict[str, list[str]]) -> None:
    """Add the row wherever it counts."""
    methods = set(chain.from_iterable(IN_WORDS.get(m, (m,)) for m in row.methods))
    for path in spelled_out(row.path, groups):
        known = table.setdefault(path, {})
        if twice := methods & known.keys():
            raise ValueError(f"two rows for {', '.join(sorted(twice))} {path}")
        known |= dict.fromkeys(methods, row)


def spelled_out(path: str, groups: dict[str, list[str]]) -> Iterator[str]:
    """Give the path once for each member of the group it names, if it names one."""
    for name, members in groups.items():
        if name in path:
            for member in members:
                yield path.replace(name, member)
            return
    yield path


def route_of(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path.partition("?")[0])


def route_of_pattern(pattern: str) -> str:
    """Write the route as `route_of` does."""
    return "/" + PARAMETER.sub("{}", pattern).removesuffix("$")


def routes_of(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Walk the URL map."""
    for found in resolver.url_patterns:
        pattern = before + str(found.pattern).removeprefix("^")
        if isinstance(found, URLPattern):
            yield route_of_pattern(pattern)
        else:
            yield from routes_of(found, pattern)


def rewrite(rows: dict[Row, dict[str, set[str]]]) -> None:
    """Put into the file what was answered, by row and caller."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    for row, answered in rows.items():
        statuses = ("/".join(sorted(answered[caller])) for caller in CALLERS)
        lines[row.number] = row.with_statuses(statuses)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
