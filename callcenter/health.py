"""Alive, ready, and how it stands: what a balancer, an orchestrator and Prometheus ask."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import psycopg
import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotFound,
    JsonResponse,
)
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from events import bell
from events.metrics import registry
from events.relay import parameters

_draining = False
_migrated = False


def drain() -> None:
    """From now on this process is not ready: no new work may be sent to it."""
    global _draining
    _draining = True


class Probes:
    """Middleware: probes are answered before anything that needs a session, and thus a database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.views: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
            "/healthz": healthz,
            "/readyz": readyz,
            "/metrics": metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = self.views.get(request.path) if request.method in ("GET", "HEAD") else None
        return (view or self.get_response)(request)


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: the process answers. Nothing else is asked, so that a lost database restarts nobody."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready for work: the database answers and has this version's tables, and nobody has told us to end.

    Redis may be away: views are then late by seconds, and nothing is lost. It is told, but not asked for.
    """
    there = _passes(_database)
    checks = {"serving": not _draining, "database": there, "tables": there and _passes(_tables)}
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": {**checks, "redis": _passes(_redis)}}
    return JsonResponse(body, status=200 if ready else 503)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with the token of the settings, or without one from this very machine."""
    if not _may_read_metrics(request):
        return HttpResponseNotFound()
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return secrets.compare_digest(given, settings.METRICS_TOKEN.encode())
    behind_a_proxy = settings.PRODUCTION or "X-Forwarded-For" in request.headers
    return not behind_a_proxy and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, psycopg.Error, redis.RedisError):
        return False


def _database() -> bool:
    """On a connection of its own: a pool's patience is longer than a balancer's."""
    impatient = "-c statement_timeout=1s"
    with psycopg.connect(**parameters(), autocommit=True, connect_timeout=2, options=impatient) as asking:
        row = asking.execute("SELECT NOT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def _tables() -> bool:
    """Every migration that this version knows has been made. Once true it stays true."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _redis() -> bool:
    return bool(bell.client().ping())
