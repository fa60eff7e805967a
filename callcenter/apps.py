from django.apps import AppConfig


class CallcenterConfig(AppConfig):
    """The project: its wiring and its doors."""

    name = "callcenter"

    def ready(self) -> None:
        from .api import openapi  # noqa: F401 registers the authentication schemes
