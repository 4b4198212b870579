"""What granian's log leaves out; `granian.json` beside it puts this in."""

import logging
from pathlib import Path
from typing import Final

CONFIGURATION: Final = Path(__file__).with_name("granian.json")


class WithoutWhatIsMeant(logging.Filter):
    """Threads are far more than processors, since most wait (see WEB_THREADS).

    granian warns of that, and leaves one to ignore it; its other warnings are told.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return "allows spawning up to" not in record.getMessage()
