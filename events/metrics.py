"""The registry of the figures that Prometheus is told, and the one that the journal itself keeps."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

registry = CollectorRegistry()
EVENTS = Counter(
    "dayaq_events", "Events that commands of this process committed", ["kind"], registry=registry
)
