"""One JSON object per log line; what is known of the request is on every line of it."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from structlog.contextvars import get_contextvars

# What others put into their messages. A mail server names whom it refuses; below the
# first line PostgreSQL shows the row or the statement, with all that is in it.
ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
QUOTED = re.compile(
    r"\n[ |]*(?:CONTEXT|DETAIL|LINE \d+|QUERY): .*?"
    r"(?=\n[ |]*\n[ |]*(?:The above|During handling)|\Z)",
    re.DOTALL,
)

# What a record has by itself; all else was told with it.
OWN = {*logging.makeLogRecord({}).__dict__, "asctime", "message"}
# What Django and the job queue add: requests with their parameters, jobs.
OBJECTS = {"action_result", "job", "request"}
UNTOLD = OWN | OBJECTS

# One for all: `json.dumps` would make it anew for each line.
encode = json.JSONEncoder(default=repr).encode


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"event": record.getMessage(), **get_contextvars()}
        line |= {"level": record.levelname.lower(), "logger": record.name}
        for name, value in record.__dict__.items():
            if name not in UNTOLD:
                line[name] = value
        line["timestamp"] = time_of(record)
        if record.stack_info:
            line["stack_info"] = record.stack_info
        if record.exc_info and record.exc_info[0]:
            # As text: a structured one would carry local variables, and so tokens.
            line["exception"] = self.formatException(record.exc_info)
        return encode(without_persons(line))


def time_of(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def without_persons(line: dict[str, Any]) -> dict[str, Any]:
    """Take what is personal out of every text, that of an exception included."""
    for name, value in line.items():
        # Nearly all texts have neither, which is seen sooner than by a pattern.
        if isinstance(value, str) and ("@" in value or "\n" in value):
            line[name] = impersonal(value)
    return line


def impersonal(text: str) -> str:
    return ADDRESS.sub("<address>", QUOTED.sub("", text))


def logging_at(level: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "nexus.lib.logs.JsonLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            # Requests are logged once, with route and duration, by RequestContext.
            "django.request": {"level": "CRITICAL"},
            # Anybody may name a host that is not ours, or send what cannot be read, as
            # often as they like: each would be an error with its stack.
            "django.security": {"level": "CRITICAL"},
            # Only this line, without a stack, says why a form was refused.
            "django.security.csrf": {"level": level},
            "django.server": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},  # its lines carry whole addresses
            "procrastinate": {"level": "WARNING"},
        },
    }
