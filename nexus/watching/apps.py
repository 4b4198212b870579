from django.apps import AppConfig
from django.conf import settings


class WatchingConfig(AppConfig):
    name = "nexus.watching"

    def ready(self) -> None:
        """Start what is asked for; nothing else is imported."""
        if settings.SENTRY_DSN:
            from nexus.watching.reports import start_reports  # noqa: PLC0415

            start_reports(settings.SENTRY_DSN)
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from nexus.watching.tracing import start_tracing  # noqa: PLC0415

            start_tracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT)
