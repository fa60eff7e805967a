"""How late is it: the versions of calendar and policy, the clocks under them, and what they did."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from agencies.models import Referral
from intake.models import Application


class Version(models.Model):
    """A numbered text that is in force from its publication until the next one's; it never changes."""

    number = models.PositiveIntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)


class CalendarVersion(Version):
    """The working calendar as it was known at one time (``sla.calendars`` reads and checks it).

    ``years`` are the published lists of days, each confirmed or provisional; ``hours`` the weeks
    that are worked, by name; ``units`` who works another week than the office.
    """

    years = models.JSONField()
    hours = models.JSONField()
    units = models.JSONField(default=dict)


class PolicyVersion(Version):
    """The promises as they were made at one time (``sla.policy`` reads and checks them)."""

    policies = models.JSONField()


class Measure(models.TextChoices):
    """What a clock measures, and when it is met."""

    FIRST_ANSWER = "first_answer", "first answer"  # a unit has taken it on: the citizen can be told who
    RESOLUTION = "resolution", "resolution"  # the citizen has confirmed the answer
    LEGAL_ANSWER = "legal_answer", "answer by law"
    LEGAL_FORWARD = "legal_forward", "forwarding by law"
    ACCEPT = "accept", "acceptance"
    FIRST_ACTION = "first_action", "first action"
    RESOLVE = "resolve", "answer of the unit"


class Clock(models.Model):
    """One promise: to the citizen, by law, or an agency's share of it (with a referral).

    ``instants`` are when its levels are reached, the last one being ``due_at``: each warning, then
    the breach. ``level`` counts those that have fired and ``next_at`` is when the next one does, so
    that the sweep needs no other table. All of them take pauses into account: while it waits, up
    to the planned end of the wait, ``paused_until``. Lateness itself is derived, never stored.
    """

    KINDS = [("promise", "promise to the citizen"), ("law", "limit set by law"), ("share", "share of a unit")]

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=KINDS)
    measure = models.CharField(max_length=16, choices=Measure)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="clocks")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, related_name="clocks")
    instance = models.PositiveSmallIntegerField(default=1)
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=40)
    calendar_version = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="+")
    target = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    capped = models.BooleanField(default=False)  # a share that ends with the promise at the latest
    paused_until = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    levels = ArrayField(models.PositiveSmallIntegerField())
    instants = ArrayField(models.DateTimeField())
    level = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], name="sla_clock_next", condition=models.Q(next_at__isnull=False)
            ),
            models.Index(
                fields=["application", "kind"],
                name="sla_clock_running",
                condition=models.Q(stopped_at=None),
            ),
            models.Index(
                fields=["calendar_version"],
                name="sla_clock_calendar",
                condition=models.Q(stopped_at=None),
            ),
            models.Index(fields=["referral", "measure"], name="sla_clock_of_referral"),
            models.Index(fields=["application", "measure"], name="sla_clock_of_application"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "measure"],
                condition=models.Q(referral=None, stopped_at=None),
                name="sla_one_promise",
            ),
            models.UniqueConstraint(
                fields=["referral", "measure"],
                condition=models.Q(referral__isnull=False),
                name="sla_one_share",
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_at=None) | models.Q(next_at=None), name="sla_stopped_is_silent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.application_id}"


class Change(models.Model):
    """New terms of a running clock: a legal extension, or another calendar. Append-only."""

    KINDS = [("extended", "extended"), ("calendar", "another calendar")]

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=8, choices=KINDS)
    at = models.DateTimeField()
    target_before = models.CharField(max_length=12)
    target = models.CharField(max_length=12)
    calendar_version = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="+")
    calendar_before = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="+")
    due_before = models.DateTimeField()
    due_after = models.DateTimeField()
    reason = models.CharField(max_length=32, blank=True)
    text = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.clock_id}"


class Firing(models.Model):
    """A level that was reached: a warning, or the breach (level 100). Once per level, never undone.

    ``due_at`` is the instant of the level, ``fired_at`` when it was seen; more than five
    seconds between them is ``late_detected``. ``boundary`` is its row in the process. ``pending`` says that
    its escalation is still to be done, ``task`` is the supervisor's task that came of it.
    """

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="firings")
    level = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(db_default=Now())
    late_detected = models.BooleanField(default=False)
    boundary = models.ForeignKey("viewflow.Task", on_delete=models.PROTECT, null=True, related_name="+")
    pending = models.BooleanField(default=False)
    task = models.OneToOneField(
        "viewflow.Task", on_delete=models.PROTECT, null=True, related_name="escalated"
    )
    settlement = models.TextField(blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)
    contest = models.TextField(blank=True)
    contested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    contested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["clock", "level"], name="sla_level_fires_once")]
        indexes = [
            models.Index(fields=["id"], name="sla_firing_pending", condition=models.Q(pending=True)),
            models.Index(fields=["-fired_at"], name="sla_firing_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} at {self.level}"

    @property
    def is_breach(self) -> bool:
        return self.level == BREACH


BREACH = 100
