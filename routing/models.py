"""Why these agencies: the rule sets, who changed what in them, and the decisions made under them."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from intake.models import Application

from .lifecycle import RuleSetStatus


class RuleSet(models.Model):
    """A numbered version of the routing rules (``rules/ruleset.schema.json``).

    In force is the one that is published; it and those before it never change, which the database
    enforces. ``base`` was in force when it was begun from ``source``. ``rehearsal`` is the last report of a
    rehearsal, true for the document with ``rehearsed`` as its digest.
    """

    STATUSES = [(status.value, status.value) for status in RuleSetStatus]

    number = models.PositiveIntegerField(primary_key=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=RuleSetStatus.DRAFT)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    base = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    rehearsal = models.JSONField(null=True)
    rehearsed = models.CharField(max_length=64, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="published"), name="routing_one_published"
            ),
            models.CheckConstraint(
                condition=Q(published_by=None)
                | (~Q(published_by=F("author")) & ~Q(published_by=F("submitted_by"))),
                name="routing_second_person",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="was_in_force",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__status__in=["published", "retired"], old__document__df=pgtrigger.F("new__document")
                ),
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"rules {self.number}"

    @property
    def is_editable(self) -> bool:
        return self.status == RuleSetStatus.DRAFT


class RuleEdit(models.Model):
    """One change of one row of a draft: who, what and why. ``before`` or ``after`` is null at its ends."""

    id = models.BigAutoField(primary_key=True)
    ruleset = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="edits")
    row = models.CharField(max_length=41)  # a name of 40 characters behind its mark: ?question, =term
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    why = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"edit of {self.row} in {self.ruleset_id}"


class DirectoryVersion(models.Model):
    """The directory as decisions read it, kept as long as decisions point to it."""

    number = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    units = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"directory {self.number}"


class Decision(models.Model):
    """What routing concluded for an application, and everything it looked at. Append-only.

    ``digest`` is the SHA-256 of the decision's bytes: the same facts under the same rule set and directory
    have to give it again (``past.replay``). ``incident`` names a rule that failed.
    """

    SOURCES = [("rules", "by the rules"), ("triage", "by a person"), ("dispute", "after a dispute")]

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decisions")
    source = models.CharField(max_length=8, choices=SOURCES, default="rules")
    ruleset = models.ForeignKey(RuleSet, on_delete=models.PROTECT, null=True)
    directory = models.ForeignKey(DirectoryVersion, on_delete=models.PROTECT, null=True)
    facts = models.JSONField()
    lead = models.CharField(max_length=32, blank=True)
    joint = models.JSONField(default=list)
    policy = models.CharField(max_length=4, default="all")
    priority = models.CharField(max_length=2)
    target = models.CharField(max_length=12)
    proposal = models.JSONField(null=True)
    notices = models.JSONField(default=list)
    incident = models.CharField(max_length=80, blank=True)
    trace = models.JSONField(default=list)
    digest = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], condition=Q(source="rules"), name="routing_decided_by_rules"),
            models.Index(fields=["at"], condition=~Q(incident=""), name="routing_incidents"),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"

    @property
    def to_triage(self) -> bool:
        return not self.lead
