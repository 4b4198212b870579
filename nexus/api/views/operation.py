"""How the installation is doing."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework import serializers
from rest_framework.request import Request

from nexus.api.endpoint import PublicEndpoint, operation
from nexus.api.pulse import PULSE
from nexus.api.reply import NEVER_STORE, Reply
from nexus.api.state import state_figures
from nexus.catalog import cache, upstream
from nexus.lib.errors import UnauthenticatedError
from nexus.watching.metrics import figures, may_read


class PartsOutput(serializers.Serializer[Any]):
    database = serializers.ChoiceField(choices=["ok"])
    cache = serializers.ChoiceField(choices=["ok", "degraded"])
    tmdb = serializers.ChoiceField(choices=["ok", "degraded", "not_configured"])
    tmdb_breaker = serializers.ChoiceField(
        choices=["closed", "open"], help_text="`open`: TMDb is left alone for a while."
    )


class ReadyOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok", "degraded"])
    parts = PartsOutput()


class AliveOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok"])


class OperationEndpoint(PublicEndpoint):
    """For machines that ask often: not counted, not cached."""

    cache_control = NEVER_STORE
    keep_s = 0.0

    def check_throttles(self, request: Request) -> None:
        """Probes are not limited."""


class Alive(OperationEndpoint):
    @operation("Say that the process runs", answers={200: AliveOutput})
    def get(self, request: Request) -> Reply:
        return Reply({"status": "ok"})


class Ready(OperationEndpoint):
    @operation(
        "Say whether requests can be served, part by part",
        answers={200: ReadyOutput},
        failures=[503],
    )
    def get(self, request: Request) -> Reply:
        # A database that does not answer raises, and becomes 503 like everywhere.
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        parts = {
            "database": "ok",
            "cache": cache_state(),
            "tmdb": tmdb_state(),
            "tmdb_breaker": breaker_state(),
        }
        status = "degraded" if "degraded" in parts.values() else "ok"
        return Reply({"status": status, "parts": parts})


def cache_state() -> str:
    return "ok" if cache.answers() else "degraded"


def tmdb_state() -> str:
    if not upstream.is_configured():
        return "not_configured"
    return "degraded" if upstream.is_failing() else "ok"


def breaker_state() -> str:
    return "open" if upstream.breaker().state().is_open else "closed"


class Metrics(OperationEndpoint):
    @operation(
        "Tell Prometheus what happened",
        answers={200: None},
        failures=[401],
        description="With METRICS_TOKEN only to those who send it as a bearer token.",
    )
    def get(self, request: Request) -> HttpResponse:
        if not may_read(request.headers.get("Authorization", "")):
            raise UnauthenticatedError("The metrics are not for everybody.")
        PULSE.beat()
        content = figures() + state_figures()
        return HttpResponse(content, content_type=CONTENT_TYPE_LATEST)
