"""Faults told to Sentry, where SENTRY_DSN names one: what was logged as an error.

Nothing of a request goes along but its id and what the log line says, and the texts
pass what takes persons out of the log.
"""

import logging
from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint
from structlog.contextvars import get_contextvars

from nexus import __version__
from nexus.lib.logs import impersonal

# Whatever an integration may put there: addresses, headers, cookies, bodies, words.
LEFT_OUT: Final = ("breadcrumbs", "extra", "modules", "request", "user")


def start_reports(dsn: str) -> None:
    sentry_sdk.init(
        dsn=dsn,
        release=f"nexus@{__version__}",
        # None of those that look into requests, statements or calls by themselves.
        default_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda pending, timeout: None),
            DedupeIntegration(),
            LoggingIntegration(level=None, event_level=logging.ERROR),
        ],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=discreet,
    )


def discreet(event: Event, hint: Hint) -> Event:
    found: dict[str, Any] = {
        name: without_persons(value)
        for name, value in event.items()
        if name not in LEFT_OUT
    }
    found["tags"] = {name: str(value) for name, value in get_contextvars().items()}
    return found  # type: ignore[return-value]  # its own fields, fewer of them


def without_persons(value: Any) -> Any:
    if isinstance(value, str):
        return impersonal(value)
    if isinstance(value, dict):
        return {name: without_persons(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_persons(inner) for inner in value]
    return value
