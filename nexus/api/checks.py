"""What Django's `check --deploy` cannot know of by itself."""

from typing import Any, Final

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Tags, register

PUBLIC_METRICS: Final = CheckMessage(
    WARNING,
    "Everybody may read /metrics.",
    hint="Set METRICS_TOKEN, and give it to Prometheus.",
    id="nexus.W001",
)


@register(Tags.security, deploy=True)
def metrics_are_private(**_: Any) -> list[CheckMessage]:
    is_open = not (settings.DEBUG or settings.METRICS_TOKEN)
    return [PUBLIC_METRICS] if is_open else []
