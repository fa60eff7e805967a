from django.apps import AppConfig


class CallcenterConfig(AppConfig):
    """The project: its wiring and its doors."""

    name = "callcenter"
