"""What Prometheus is told: requests, commands, refusals, sockets; and how the house stands.

Counters are of this process. What the database knows is the same whichever process is asked, and is read
at most every few seconds. Labels are kinds and codes: never a person, a number or an address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily

from agencies.lifecycle import OPEN as OPEN_REFERRAL
from events.metrics import registry
from intake.lifecycle import OPEN as OPEN_APPLICATION

disable_created_metrics()  # type: ignore[no-untyped-call]
ProcessCollector(registry=registry)

REQUESTS = Counter("dayaq_requests", "Answered requests", ["door", "method", "status"], registry=registry)
SECONDS = Histogram(
    "dayaq_request_seconds",
    "Seconds from a request to its answer",
    ["door"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
REFUSALS = Counter("dayaq_refusals", "Refused requests", ["code"], registry=registry)
SOCKETS = Gauge("dayaq_sockets", "Open sockets", registry=registry)
POSITION = Gauge(
    "dayaq_live_position",
    "How far this process has told its sockets; 0: none",
    registry=registry,
)
FRAMES = Counter("dayaq_live_frames", "Event frames handed to sockets", registry=registry)
RESETS = Counter("dayaq_live_resets", "Topics that a socket had to start over", registry=registry)
DENIED = Counter("dayaq_live_denied", "Topics denied or taken away", registry=registry)
DIVERGED = Counter("dayaq_live_divergences", "Views that a client found different", registry=registry)

FRESH = 3.0  # seconds


class RequestMetrics:
    """Middleware: how many, how long, how they ended, by door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begin = time.perf_counter()
        response = self.get_response(request)
        door = door_of(request.path)
        SECONDS.labels(door).observe(time.perf_counter() - begin)
        REQUESTS.labels(door, method_of(request), f"{response.status_code // 100}xx").inc()
        return response


def door_of(path: str) -> str:
    """Which door a path belongs to; a label has few values, so that no path may become one."""
    for door, beginning in (("api", "/api/"), ("admin", "/admin/"), ("static", "/static/")):
        if path.startswith(beginning):
            return door
    return "probe" if path in ("/healthz", "/readyz", "/metrics") else "web"


def method_of(request: HttpRequest) -> str:
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"


# --- how the house stands -----------------------------------------------------------------------------

STATES: dict[str, list[str]] = {
    "open_referrals": sorted(OPEN_REFERRAL),
    "open_applications": sorted(OPEN_APPLICATION),
}
# name, what it is, its label or nothing, and the statement that gives (label, value) or (value).
GAUGES = (
    (
        "dayaq_relay_waiting",
        "Committed events without a position",
        None,
        "SELECT count(*) FROM events_event WHERE position IS NULL",
    ),
    (
        "dayaq_relay_lag_seconds",
        "Age of the oldest event without a position",
        None,
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)"
        " FROM events_event WHERE position IS NULL",
    ),
    (
        "dayaq_clocks_due",
        "Levels whose instant has come and that have not fired",
        None,
        "SELECT count(*) FROM sla_clock WHERE next_at < now()",
    ),
    (
        "dayaq_clocks_late_seconds",
        "How late the latest of them is",
        None,
        "SELECT coalesce(extract(epoch FROM now() - min(next_at)), 0) FROM sla_clock WHERE next_at < now()",
    ),
    (
        "dayaq_queue_open",
        "Open referrals",
        "agency",
        "SELECT agency_id, count(*) FROM agencies_referral WHERE state = ANY(%(open_referrals)s) GROUP BY 1",
    ),
    (
        "dayaq_queue_untaken",
        "Open referrals nobody has taken",
        "agency",
        "SELECT agency_id, count(*) FROM agencies_referral"
        " WHERE state = ANY(%(open_referrals)s) AND assignee_id IS NULL GROUP BY 1",
    ),
    (
        "dayaq_applications_open",
        "Open applications",
        "state",
        "SELECT state, count(*) FROM intake_application WHERE state = ANY(%(open_applications)s) GROUP BY 1",
    ),
    (
        "dayaq_routing_incidents",
        "Decisions of the last day in which a rule failed",
        None,
        "SELECT count(*) FROM routing_decision WHERE incident <> '' AND at > now() - interval '1 day'",
    ),
    (
        "dayaq_jobs",
        "Jobs by state",
        "state",
        "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1",
    ),
    (
        "dayaq_deliveries",
        "Deliveries to agencies' systems that are not done",
        "state",
        "SELECT state, count(*) FROM delivery_delivery"
        " WHERE state IN ('pending', 'dead') AND event_id IS NOT NULL GROUP BY 1",
    ),
)


class House:
    """Reads the gauges when Prometheus asks; without the database it tells none of them."""

    def __init__(self) -> None:
        self._at, self._told = 0.0, list[GaugeMetricFamily]()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        if time.monotonic() - self._at > FRESH:
            try:
                self._told, self._at = [_gauge(*gauge) for gauge in GAUGES], time.monotonic()
            except DatabaseError:
                self._told = []
        return self._told


def _gauge(name: str, what: str, label: str | None, statement: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label] if label else [])
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(STATES))
        for *labels, value in cursor.fetchall():
            family.add_metric([str(it) for it in labels], float(value))
    return family


registry.register(House())
