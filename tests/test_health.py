"""What balancers and Prometheus are told, and who may ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from callcenter import health, metrics
from events import bell

pytestmark = pytest.mark.django_db


def breaks(error: Exception) -> Callable[..., Any]:
    def broken(*_args: Any, **_more: Any) -> Any:
        raise error

    return broken


def test_alive_asks_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_with_database_and_tables(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"serving": True, "database": True, "tables": True, "redis": True}


def test_not_ready_without_database_or_while_ending(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(health, "_database", breaks(OperationalError("gone")))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
    with monkeypatch.context() as patch:
        patch.setattr(health, "_draining", True)
        assert client.get("/readyz").status_code == 503
    with monkeypatch.context() as patch:
        patch.setattr(health, "_migrated", False)
        patch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [("a later one", False)])
        assert client.get("/readyz").status_code == 503


def test_ready_without_redis(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    monkeypatch.setattr(bell, "client", breaks(redis.ConnectionError()))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["redis"]) == (200, False)


def test_figures_name_what_happened_and_nobody(
    client: Client, api: Any, register: Any, people_at_work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "FRESH", -1.0)
    before = metrics.REFUSALS.labels("not_found")._value.get()
    application = register("PSY-CRISIS", text="GİZLİ-SÖZ")
    api(people_at_work.samhi).get(f"applications/{application.pk}/")
    told = client.get("/metrics").content.decode()

    assert metrics.REFUSALS.labels("not_found")._value.get() == before + 1
    assert 'dayaq_requests_total{door="api",method="GET",status="4xx"}' in told
    assert "dayaq_relay_waiting 0.0" not in told
    assert 'dayaq_applications_open{state="routed"}' in told
    for secret in ("GİZLİ", str(application.pk), application.number, "samhi", "Nümunəvi"):
        assert secret not in told


def test_every_gauge_is_a_statement_that_runs() -> None:
    for name, what, label, statement in metrics.GAUGES:
        assert metrics._gauge(name, what, label, statement).documentation == what
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "10.1.2.3", 404),
        ({"X-Forwarded-For": "10.1.2.3"}, "127.0.0.1", 404),
    ],
)
def test_without_a_token_only_this_machine_reads_them(
    client: Client, headers: dict[str, str], address: str, status: int
) -> None:
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


@pytest.mark.parametrize(("given", "status"), [("Bearer right", 200), ("Bearer wrong", 404), ("", 404)])
def test_with_a_token_only_who_has_it(client: Client, settings: Any, given: str, status: int) -> None:
    settings.METRICS_TOKEN = "right"
    assert client.get("/metrics", headers={"Authorization": given}).status_code == status


def test_a_database_that_is_away_is_said_and_nothing_is_lost(
    client: Client, api: Any, people_at_work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a view, before it, on a page and in the API: 503 with what to do, never a bare failure."""
    from access import visibility
    from callcenter.api import people
    from callcenter.web import board

    gone = OperationalError("terminating connection due to administrator command")
    signed = api(people_at_work.operator)
    client.force_login(people_at_work.operator)
    monkeypatch.setattr(people, "people_for", breaks(gone), raising=False)
    monkeypatch.setattr(visibility, "people_for", breaks(gone))
    monkeypatch.setattr(board.selectors, "figures", breaks(gone))

    answer = signed.get("people/?q=Orxan")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "2"
    client.raise_request_exception = False
    page = client.get("/board/")
    assert page.status_code == 503
    assert page["Retry-After"] == "2"
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", breaks(gone))
    for path in ("/board/", "/api/v1/board/"):
        assert client.get(path).status_code == 503, path
