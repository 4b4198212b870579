"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says whom to tell.

A request, its statements, a call to TMDb and a job each have a span. It says the route
and never the path, the statement and never its values, that something failed and never
the words. A caller's own trace is not gone on with: anybody could have all requests
kept. Other variables of OpenTelemetry, such as OTEL_TRACES_SAMPLER, are its library's.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    format_trace_id,
    get_current_span,
    get_tracer,
    set_tracer_provider,
)
from structlog.contextvars import bound_contextvars

from nexus import __version__
from nexus.watching.spans import BEGIN

LONGEST_STATEMENT: Final = 1_000

# That of the provider which is set later.
tracer = get_tracer("nexus", __version__)


def start_tracing(url: str) -> None:
    os.environ.setdefault("OTEL_SERVICE_NAME", "nexus")
    provider = TracerProvider(
        resource=Resource.create({"service.version": __version__})
    )
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    set_tracer_provider(provider)
    BEGIN.append(a_span)
    connection_created.connect(trace_statements, dispatch_uid=__name__)


@contextmanager
def a_span(
    name: str, facts: Mapping[str, str], kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    # An exception's own words may hold anything.
    with tracer.start_as_current_span(
        name,
        kind=kind,
        attributes=facts,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise


class RequestSpans:
    """Middleware around all others, in installations that keep traces."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with a_span("request", {}, SpanKind.SERVER) as span:
            trace_id = format_trace_id(span.get_span_context().trace_id)
            with bound_contextvars(trace_id=trace_id):
                response = self.get_response(request)
            describe(span, request, response)
        return response


def describe(span: Span, request: HttpRequest, response: HttpResponseBase) -> None:
    match = request.resolver_match
    route = match.route if match else "none"
    span.update_name(f"{request.method} {route}")
    span.set_attributes(
        {
            "http.request.method": str(request.method),
            "http.response.status_code": response.status_code,
            "http.route": route,
            "nexus.request_id": response.get("X-Request-ID", ""),
        }
    )
    if response.status_code >= 500:
        span.set_status(StatusCode.ERROR)


def trace_statements(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    if traced not in connection.execute_wrappers:
        connection.execute_wrappers.append(traced)


def traced(
    execute: Callable[..., Any],
    sql: object,
    params: Any,
    many: bool,  # noqa: FBT001  as Django calls it
    context: Any,
) -> Any:
    if not get_current_span().is_recording():  # nobody's request, and no job
        return execute(sql, params, many, context)
    facts = {
        "db.system.name": "postgresql",
        "db.query.text": str(sql)[:LONGEST_STATEMENT],
    }
    with a_span("statement", facts, SpanKind.CLIENT):
        return execute(sql, params, many, context)
