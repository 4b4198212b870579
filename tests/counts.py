"""Counts and tables that tests make, gathered from all workers, told at the end."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

# By title, row and column; a column's name may have two words, one above the other.
Tables: TypeAlias = dict[str, dict[str, dict[str, str]]]

COUNTED: Counter[str] = Counter()
TABLES: Tables = {}


@pytest.fixture(scope="session")
def count() -> Callable[[str], None]:
    """Count one more of what the words name."""
    return lambda words: COUNTED.update([words])


@pytest.fixture(scope="session")
def cell() -> Callable[[str, str, str, str], None]:
    """Write a cell of a table: its title, the row, the column, the text."""

    def write(title: str, row: str, column: str, text: str) -> None:
        TABLES.setdefault(title, {}).setdefault(row, {})[column] = text

    return write


def lines_of(table: dict[str, dict[str, str]]) -> Iterator[str]:
    """Lay the table out, its rows and columns in the order of the alphabet."""
    columns = sorted({name for row in table.values() for name in row})
    heads = [[*name.partition(" ")[::2]] for name in columns]
    body = [[row, *(table[row].get(one, "") for one in columns)] for row in table]
    grid = [["", *words] for words in zip(*heads, strict=True)] + sorted(body)
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    for line in grid:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["counted"] = dict(COUNTED)
        session.config.workeroutput["tables"] = TABLES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})
    COUNTED.update(output.get("counted", {}))
    tables: Tables = output.get("tables", {})
    for title, table in tables.items():
        for row, cells in table.items():
            TABLES.setdefault(title, {}).setdefault(row, {}).update(cells)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for words, number in COUNTED.items():
        terminalreporter.write_line(f"{number} {words}")
    for title, table in TABLES.items():
        terminalreporter.section(title)
        for line in lines_of(table):
            terminalreporter.write_line(line)
