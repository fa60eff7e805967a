"""Alive, ready, and how it stands: what a balancer, an orchestrator and Prometheus ask."""

from __future__ import annotations

_draining = False


def drain() -> None:
    """From now on this process is not ready: no new work may be sent to it."""
    global _draining
    _draining = True
