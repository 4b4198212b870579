"""Only what is meant is left out of granian's log."""

import json
import logging
from collections.abc import Iterator

import pytest
from granian.log import LogLevels, configure_logging

from nexus.launch.granian_log import CONFIGURATION

MEANT = "Configuration allows spawning up to 24 Python threads, which seems quite high"
NOT_MEANT = "Killing worker-1 after it refused to gracefully stop"


@pytest.fixture
def granian() -> Iterator[logging.Logger]:
    logger = logging.getLogger("_granian")
    yield logger
    logger.handlers.clear()
    logger.filters.clear()


def test_it_tells_other_warnings(
    granian: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogLevels.warning, json.loads(CONFIGURATION.read_text()))

    granian.warning(MEANT)
    granian.warning(NOT_MEANT)

    assert capsys.readouterr().out == f"[WARNING] {NOT_MEANT}\n"
