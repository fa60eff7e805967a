"""How late is it: the working calendar and the clocks of record."""

from __future__ import annotations

from django.db import models

from agencies.models import Referral
from intake.models import Application


class CalendarDay(models.Model):
    """A day that differs from the plain five-day week, from the published production calendar."""

    KINDS = [
        ("holiday", "official holiday"),
        ("mourning", "day of mourning"),
        ("moved_off", "day off moved by the Labour Code"),
        ("cabinet_off", "day off by the Cabinet"),
        ("cabinet_work", "working day by the Cabinet"),
    ]

    date = models.DateField(primary_key=True)
    kind = models.CharField(max_length=12, choices=KINDS)
    mark = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {self.kind}"

    @property
    def works(self) -> bool:
        return self.kind == "cabinet_work"


class Clock(models.Model):
    """One promise: to the citizen (no referral) or an agency's share (with one). Lateness is derived."""

    KINDS = [("promise", "promise to the citizen"), ("share", "share of an agency")]

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=KINDS)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="clocks")
    referral = models.OneToOneField(Referral, on_delete=models.PROTECT, null=True, related_name="clock")
    target = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="sla_clock_running", condition=models.Q(stopped_at=None))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=models.Q(kind="promise", stopped_at=None),
                name="sla_one_promise",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.application_id}"
