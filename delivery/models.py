"""Where an agency wants to be told, what it was told, and how that went."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from agencies.models import Agency
from events.models import Event


class EndpointState(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"  # collects, and sends nothing
    GONE = "gone"  # ended, by its receiver (410) or by hand


@pghistory.track(
    fields=["id", "agency", "url", "kinds", "state"], model_name="EndpointEvent", append_only=True
)
class Endpoint(models.Model):
    """An address of an agency's system. ``kinds`` are the events it wants; none named means all.

    Everything up to the journal's position ``after`` has become a delivery or is not for it. Who holds
    ``lease`` is the one sender until ``leased_until``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="endpoints")
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    state = models.CharField(max_length=8, choices=EndpointState, default=EndpointState.ACTIVE)
    after = models.BigIntegerField()
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "url"],
                condition=~models.Q(state=EndpointState.GONE),
                name="delivery_endpoint_once",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Secret(models.Model):
    """What the endpoint's messages are signed with. Two are valid during a rotation, otherwise one."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"secret {self.pk}"


class DeliveryState(models.TextChoices):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(models.Model):
    """One message to one endpoint. Its id is the ``webhook-id``, the same at every attempt.

    A test message tells of no event; its ``position`` is 0, so that it comes before what waits. ``reason``
    says why a dead one was given up.
    """

    REASONS = [("attempts", "attempts used up"), ("gone", "endpoint gone"), ("set_aside", "by hand")]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.BigIntegerField(default=0)
    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=9, choices=REASONS, blank=True, default="")

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once")]
        indexes = [
            models.Index(
                fields=["endpoint", "position", "id"],
                condition=models.Q(state=DeliveryState.PENDING),
                name="delivery_pending",
            ),
            models.Index(
                fields=["endpoint", "position", "id"],
                condition=models.Q(state=DeliveryState.DEAD),
                name="delivery_dead",
            ),
            models.Index(
                fields=["endpoint", "delivered_at", "id"],
                condition=models.Q(state=DeliveryState.DELIVERED),
                name="delivery_delivered",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Attempt(models.Model):
    """One try: how long it took and what came of it. Never what the receiver said."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=12, blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
