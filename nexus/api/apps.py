from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "nexus.api"

    def ready(self) -> None:
        """Have Django know our checks."""
        from nexus.api import checks  # noqa: F401, PLC0415
