"""Only what is meant is left out of granian's log."""

import json
import logging
from collections.abc import Iterator

import pytest
from granian.log import LogLevels, configure_logging

from nexus.launch.granian_log import CONFIGURATION

MEANT = "Configuration allows spawning up to 24 Python threads, which seems quite high"
NOT_MEANT = "Killing worker-1 after it refused to gracefully stop"


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    """What is configured here writes to this test's output, which is closed then."""
    loggers = [logging.getLogger(name) for name in ("_granian", "granian.access")]
    before = [
        (one.level, one.propagate, [*one.handlers], [*one.filters]) for one in loggers
    ]
    yield
    for one, (level, propagate, handlers, filters) in zip(loggers, before, strict=True):
        one.setLevel(level)
        one.propagate = propagate
        one.handlers[:], one.filters[:] = handlers, filters


def configure() -> None:
    configure_logging(LogLevels.warning, json.loads(CONFIGURATION.read_text()))


def test_it_tells_other_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    granian = logging.getLogger("_granian")

    granian.warning(MEANT)
    granian.warning(NOT_MEANT)

    assert capsys.readouterr().out == f"[WARNING] {NOT_MEANT}\n"


def test_it_tells_requests_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # of the root
    configure()

    logging.getLogger("granian.access").info("GET /")

    assert capsys.readouterr().out == "GET /\n"
