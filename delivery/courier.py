"""Carrying what is due to one endpoint, in order. Any number of couriers run; a lease lets one carry.

Everything that is decided stands in rows before anything is sent and after it has come back. Killed in
between, the message goes out again under the same id, which is how its receiver knows it.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from events import clock

from . import backoff, sending, signing
from .fanout import spread
from .models import Attempt, Delivery, DeliveryState, Endpoint, EndpointState, Secret
from .sending import Answer

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=sending.DEADLINE + 5)  # taken anew at every message
SPELL = 5.0  # seconds after which other endpoints have their turn
PING = "ping"


def deliver(endpoint: UUID) -> bool:
    """Send what is due to this endpoint for a spell. Is there more to send at once?"""
    lease = uuid.uuid4()
    if not _take(endpoint, lease):
        return False
    over = time.monotonic() + SPELL
    try:
        while time.monotonic() < over:
            whole = spread(endpoint)
            while (found := _next(endpoint)) and time.monotonic() < over:
                if not _carry(found, lease):
                    return False
            if whole and not found:
                return False
        return True
    finally:
        Endpoint.objects.filter(pk=endpoint, lease=lease).update(lease=None, leased_until=None)


def _take(endpoint: UUID, lease: UUID) -> bool:
    """Become the one sender, unless somebody is. Nobody locks: the row itself says whose turn it is."""
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    return bool(Endpoint.objects.filter(free, pk=endpoint).update(lease=lease, leased_until=Now() + LEASE))


def _next(endpoint: UUID) -> Delivery | None:
    """The first that waits, when its time has come: what lies behind it waits with it."""
    first = (
        Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.PENDING)
        .select_related("endpoint", "event")
        .order_by("position", "id")
        .first()
    )
    if first is None or first.next_at > clock.now():
        return None
    # A paused or ended endpoint is told nothing but what tests it.
    return first if first.endpoint.state == EndpointState.ACTIVE or first.event is None else None


def _carry(delivery: Delivery, lease: UUID) -> bool:
    """Send one and write down what came of it; False when the lease was lost or the endpoint is gone."""
    held = Endpoint.objects.filter(pk=delivery.endpoint_id, lease=lease)
    if not held.update(leased_until=Now() + LEASE):
        return False
    at, body = clock.now(), payload(delivery)
    headers = signed(delivery, at, body)
    _give_back()
    answer = sending.send(delivery.endpoint.url, headers, body)
    return _record(delivery, lease, at, answer)


def _give_back() -> None:
    """An exchange takes up to ten seconds: meanwhile a pool's connection is for others."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


@transaction.atomic
def _record(delivery: Delivery, lease: UUID, at: datetime, answer: Answer) -> bool:
    mine = Endpoint.objects.filter(pk=delivery.endpoint_id, lease=lease)
    if not mine.update(leased_until=Now() + LEASE):
        return False  # somebody else has taken over and sends it again
    Attempt.objects.create(
        delivery=delivery,
        at=at,
        milliseconds=answer.milliseconds,
        status=answer.status,
        error=answer.error,
    )
    if answer.accepted:
        _accepted(delivery, at)
    else:
        _failed(delivery, at, answer)
    return answer.status != 410


def _accepted(delivery: Delivery, at: datetime) -> None:
    """Arrived. That it was set aside meanwhile changes nothing: the receiver has it."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.DELIVERED, delivered_at=at, attempts=F("attempts") + 1, reason=""
    )
    if delivery.event is None:  # the receiver is back: do not let the others wait out their time
        waiting(delivery.endpoint_id).update(next_at=at)


def _failed(delivery: Delivery, at: datetime, answer: Answer) -> None:
    """Later, or not any more. A test is tried once."""
    again = backoff.after(delivery.attempts + 1, at, answer.retry_after)
    waits: dict[str, Any] = {"next_at": again}
    if again is None or delivery.event is None:
        waits = {"state": DeliveryState.DEAD, "reason": "attempts"}
        log.warning("endpoint %s: a message was given up", delivery.endpoint_id)
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING).update(
        attempts=F("attempts") + 1, **waits
    )
    if answer.status == 410:
        end(delivery.endpoint_id)


def end(endpoint: UUID) -> None:
    """The endpoint is gone: nothing more is sent, and what waits lies among the dead letters."""
    log.warning("endpoint %s has ended", endpoint)
    Endpoint.objects.filter(pk=endpoint).update(state=EndpointState.GONE)
    waiting(endpoint).update(state=DeliveryState.DEAD, reason="gone")


def waiting(endpoint: UUID) -> Any:
    return Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.PENDING)


# --- the message --------------------------------------------------------------------------------------


def payload(delivery: Delivery) -> bytes:
    """What is told: which record changed, to which state and version. Who may read more asks the API."""
    event = delivery.event
    if event is None:
        told: dict[str, Any] = {"type": PING, "timestamp": _written(clock.now()), "data": {}}
    else:
        data = {
            "id": str(event.referral or event.application),
            "application": str(event.application),
            "referral": str(event.referral) if event.referral else None,
            "unit": event.unit,
            "state": event.state,
            "version": event.version,
        }
        told = {"type": event.kind, "timestamp": _written(event.at), "data": data}
    return json.dumps(told, separators=(",", ":")).encode()


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signed(delivery: Delivery, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of the scheme, signed with every secret that is valid, the newest first."""
    valid = Secret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), endpoint=delivery.endpoint_id)
    keys = [signing.unseal(bytes(row.sealed)) for row in valid.order_by("-id")]
    moment = int(at.timestamp())
    return {
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(moment),
        "webhook-signature": signing.signature(keys, str(delivery.pk), moment, body),
    }
