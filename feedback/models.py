"""Did the citizen get it? One row per confirmation call."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from agencies.models import Referral
from intake.models import Application


class Verdict(models.TextChoices):
    CONFIRMED = "confirmed", "confirmed"
    DISPUTED = "disputed", "disputed"
    UNREACHABLE = "unreachable", "not reached"


class Confirmation(models.Model):
    """What the citizen said about the answer. Append-only."""

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="confirmations")
    verdict = models.CharField(max_length=12, choices=Verdict)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, related_name="disputes")
    text = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verdict} {self.application_id}"
