"""One JSON object per log line; what is known of the request is on every line of it."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

# What others put into their messages. A mail server names whom it refuses; below the
# first line PostgreSQL shows the row or the statement, with all that is in it.
ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
QUOTED = re.compile(
    r"\n[ |]*(?:CONTEXT|DETAIL|LINE \d+|QUERY): .*?"
    r"(?=\n[ |]*\n[ |]*(?:The above|During handling)|\Z)",
    re.DOTALL,
)


def without_objects(_: object, __: str, event: EventDict) -> EventDict:
    """Drop what Django and the job queue add: requests with their parameters, jobs."""
    for name in ("request", "job", "action_result"):
        event.pop(name, None)
    return event


def without_persons(_: object, __: str, event: EventDict) -> EventDict:
    """Take what is personal out of every text, that of an exception included."""
    for name, value in event.items():
        # Nearly all texts have neither, which is seen sooner than by a pattern.
        if isinstance(value, str) and ("@" in value or "\n" in value):
            event[name] = impersonal(value)
    return event


def impersonal(text: str) -> str:
    return ADDRESS.sub("<address>", QUOTED.sub("", text))


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
            without_persons,
            structlog.processors.JSONRenderer(),
        ],
    )


def logging_at(level: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "nexus.lib.logs.json_formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            # Requests are logged once, with route and duration, by RequestContext.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},  # its lines carry whole addresses
            "procrastinate": {"level": "WARNING"},
        },
    }
