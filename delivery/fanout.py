"""From the journal to deliveries: what has happened for an agency becomes one row per endpoint."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from agencies.models import Agency
from events import clock, journal
from events.models import Event

from .models import Delivery, Endpoint, EndpointState

STRETCH = 1000  # positions looked through in one transaction, whoever they are for


def audience(agency: Agency | str) -> str:
    """The topic of the journal by which an agency is told."""
    return f"board:{agency.pk if isinstance(agency, Agency) else agency}"


@transaction.atomic
def spread(endpoint: UUID) -> bool:
    """Look through the next stretch of the journal for this endpoint; was that all there is?

    Under the endpoint's lock, so that two do not do it at once; ``after`` moves in the same transaction,
    so that nothing is left out and nothing comes twice.
    """
    row = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint)
    end = journal.head().position
    upto = min(end, row.after + STRETCH)
    if row.state == EndpointState.GONE or upto <= row.after:
        return True
    Delivery.objects.bulk_create(
        Delivery(endpoint=row, event_id=event, position=position or 0, next_at=clock.now())
        for event, position in wanted(row, upto)
    )
    Endpoint.objects.filter(pk=row.pk).update(after=upto)
    return upto == end


def wanted(endpoint: Endpoint, upto: int) -> list[tuple[int, int | None]]:
    """The events (id, position) for this endpoint behind ``after``, up to a position."""
    found = Event.objects.filter(
        position__gt=endpoint.after, position__lte=upto, topics__contains=[audience(endpoint.agency_id)]
    )
    if endpoint.kinds:
        found = found.filter(kind__in=endpoint.kinds)
    return list(found.order_by("position").values_list("id", "position"))
