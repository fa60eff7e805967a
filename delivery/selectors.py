"""Reading deliveries: whose endpoints an actor sees, what is due, and how the agencies stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count, DateTimeField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from access.models import User
from access.permissions import actor_units
from access.roles import Role
from agencies.models import Agency
from events import clock

from .models import Delivery, DeliveryState, Endpoint

PENDING, DEAD = DeliveryState.PENDING, DeliveryState.DEAD

# The first that waits decides, by ``delivery_pending``: one look per endpoint, whatever lies behind it.
DUE = """
SELECT e.id FROM delivery_endpoint AS e
  CROSS JOIN events_stream AS s
  LEFT JOIN LATERAL (
       SELECT d.next_at, d.position FROM delivery_delivery AS d
        WHERE d.endpoint_id = e.id AND d.state = 'pending'
        ORDER BY d.position, d.id LIMIT 1) AS first ON true
 WHERE (e.leased_until IS NULL OR e.leased_until < now())
   AND ((e.state <> 'gone' AND e.after < s.head)
     OR (first.next_at <= %(now)s AND (e.state = 'active' OR first.position = 0)))
 ORDER BY e.id
"""


def agencies_for(actor: User | AnonymousUser) -> QuerySet[Agency]:
    """Agencies whose deliveries the actor may see: an agency's administrator those of its own."""
    rows = Agency.objects.filter(scope="in_system", active=True)
    if isinstance(actor, User) and actor.role == Role.ADMINISTRATOR:
        return rows
    if isinstance(actor, User) and actor.role == Role.AGENCY_ADMIN:
        return rows.filter(pk__in={unit.agency_id for unit in actor_units(actor)})
    return rows.none()


def endpoints_for(actor: User | AnonymousUser) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(agency__in=agencies_for(actor))


def due() -> list[UUID]:
    """Endpoints that are behind the journal's head, or have something to send now."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": clock.now()})
        return [row[0] for row in cursor.fetchall()]


def with_figures(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Each with ``waiting``, ``dead``, ``last_success``, and what the first that waits waits for."""
    mine = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by()
    first = Delivery.objects.filter(endpoint=OuterRef("pk"), state=PENDING).order_by("position", "id")

    def counted(state: str) -> Coalesce:
        one = mine.filter(state=state, event__isnull=False).values("endpoint").annotate(n=Count("pk"))
        return Coalesce(Subquery(one.values("n")), 0)

    newest = mine.filter(state=DeliveryState.DELIVERED).values("endpoint").annotate(at=Max("delivered_at"))
    return endpoints.select_related("agency").annotate(
        waiting=counted(PENDING),
        dead=counted(DEAD),
        last_success=Subquery(newest.values("at"), output_field=DateTimeField()),
        blocked=Coalesce(Subquery(first.values("attempts")[:1]), 0),
        next_at=Subquery(first.values("next_at")[:1]),
    )


def dead_letters(actor: User) -> int:
    """How many messages were given up and lie there for the actor to decide about."""
    return Delivery.objects.filter(endpoint__in=endpoints_for(actor), state=DEAD, event__isnull=False).count()


@dataclass(frozen=True)
class Standing:
    """How the deliveries of one agency stand. ``oldest`` is when the oldest of those that wait happened."""

    agency: str
    pending: int
    dead: int
    oldest: datetime | None


def standing(agencies: Iterable[str] | None = None) -> list[Standing]:
    """Of every agency with an endpoint, by code: for metrics and the board. One statement."""
    rows = Endpoint.objects.all() if agencies is None else Endpoint.objects.filter(agency__in=list(agencies))
    first = Delivery.objects.filter(endpoint=OuterRef("pk"), state=PENDING, event__isnull=False)
    counted = with_figures(rows).annotate(oldest=Subquery(first.order_by("position").values("event__at")[:1]))
    found: dict[str, Standing] = {}
    for code, pending, dead, oldest in counted.order_by("agency_id", "id").values_list(
        "agency_id", "waiting", "dead", "oldest"
    ):
        before = found.get(code, Standing(code, 0, 0, None))
        instants = [it for it in (before.oldest, oldest) if it]
        found[code] = Standing(
            code, before.pending + pending, before.dead + dead, min(instants, default=None)
        )
    return list(found.values())
