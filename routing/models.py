"""Why these agencies: the rule sets and the decisions made under them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from intake.models import Application


class RuleSet(models.Model):
    """A numbered version of the routing rules; a published one never changes."""

    STATUSES = [("draft", "draft"), ("published", "published"), ("retired", "retired")]

    number = models.PositiveIntegerField(primary_key=True)
    status = models.CharField(max_length=10, choices=STATUSES, default="draft")
    rules = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=models.Q(status="published"), name="routing_one_published"
            )
        ]

    def __str__(self) -> str:
        return f"rules {self.number}"


class Decision(models.Model):
    """What routing concluded for an application, and everything it looked at. Append-only."""

    SOURCES = [("rules", "by the rules"), ("triage", "by a person"), ("dispute", "after a dispute")]

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decisions")
    source = models.CharField(max_length=8, choices=SOURCES, default="rules")
    ruleset = models.ForeignKey(RuleSet, on_delete=models.PROTECT, null=True)
    facts = models.JSONField()
    lead = models.CharField(max_length=32, blank=True)
    joint = models.JSONField(default=list)
    policy = models.CharField(max_length=4, default="all")
    priority = models.CharField(max_length=2)
    target = models.CharField(max_length=12)
    trace = models.JSONField(default=list)
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"decision {self.pk}"

    @property
    def to_triage(self) -> bool:
        return not self.lead
