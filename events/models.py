"""The journal, its stream head, and the keys that make a repeated command harmless."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Stream(models.Model):
    """Head of the one event stream, and the window behind it that can be read again.

    ``epoch`` changes when the journal turns up at another ``origin`` (restored, promoted, copied), so
    that no cursor outlives its history. What lies at or below ``floor`` stays in the journal, but readers
    who know no more than that start over.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid.uuid4)
    head = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)
    origin = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="events_stream_single")]

    def __str__(self) -> str:
        return f"{self.epoch} at {self.head}"


class Event(models.Model):
    """One thing that happened. Append-only: the relay fills ``position`` once, nothing else changes.

    Written without a position inside the command's transaction; the relay stamps dense positions
    after commit, because a sequence number drawn before commit loses rows to later readers.
    """

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(null=True, editable=False)
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=40)
    application = models.UUIDField()
    referral = models.UUIDField(null=True)
    unit = models.CharField(max_length=32, blank=True, default="")
    version = models.IntegerField()
    state = models.CharField(max_length=24)
    reason = models.CharField(max_length=40, blank=True, default="")
    actor = models.BigIntegerField(null=True)
    topics = ArrayField(models.CharField(max_length=80))
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["application", "id"], name="events_by_application"),
            models.Index(fields=["id"], name="events_unstamped", condition=models.Q(position=None)),
        ]
        constraints = [models.UniqueConstraint(fields=["position"], name="events_position_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.application}"


class Command(models.Model):
    """One accepted Idempotency-Key: what it was for and which record it produced.

    The answer itself is not kept: a repeat is answered from the record as the caller may see it
    now, so that no copy of personal data outlives a change of rights.
    """

    id = models.BigAutoField(primary_key=True)
    principal = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    fingerprint = models.BinaryField()
    result = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "operation", "key"], name="events_command_once")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
