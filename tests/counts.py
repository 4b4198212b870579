"""Counts that tests make, summed over all workers and told at the end."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

COUNTED: Counter[str] = Counter()


@pytest.fixture(scope="session")
def count() -> Callable[[str], None]:
    """Count one more of what the words name."""
    return lambda words: COUNTED.update([words])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["counted"] = dict(COUNTED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    COUNTED.update(getattr(node, "workeroutput", {}).get("counted", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for words, number in COUNTED.items():
        terminalreporter.write_line(f"{number} {words}")
