"""One JSON object per log line; what is known of the request is on every line of it."""

import logging

import structlog
from structlog.typing import EventDict, Processor


def without_objects(_: object, __: str, event: EventDict) -> EventDict:
    """Drop what Django and the job queue add: requests with their parameters, jobs."""
    for name in ("request", "job", "action_result"):
        event.pop(name, None)
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    without_objects,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def json_formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # As text: a structured one would carry local variables, and so tokens.
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
