"""Who acts: agencies, their units and people, and the referrals they work on."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from intake.models import Application, Subtopic, Urgency
from people.reference import ReferenceRow

from .lifecycle import OPEN, ReferralState


class Agency(ReferenceRow):
    """A body that acts. ``external`` ones are outside; the call centre works for them by letter."""

    SCOPES = [("in_system", "works in the system"), ("external", "reached by letter or telephone")]

    scope = models.CharField(max_length=10, choices=SCOPES)
    abbr = models.CharField(max_length=20, blank=True)
    hotline = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    web = models.CharField(max_length=80, blank=True)

    class Meta(ReferenceRow.Meta):
        verbose_name_plural = "agencies"


class Unit(ReferenceRow):
    """A part of an agency with a queue of its own; the agency's front desk has the agency's code.

    ``path`` lists the codes from the front desk down to this unit. ``health`` says whether health
    details may be disclosed to it without a separate consent [D].
    """

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="units")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = ArrayField(models.CharField(max_length=32))
    abbr = models.CharField(max_length=20, blank=True)
    health = models.BooleanField(default=False)

    class Meta(ReferenceRow.Meta):
        indexes = [GinIndex(fields=["path"], name="agencies_unit_path")]

    @property
    def short(self) -> str:
        return self.abbr or self.code


@pghistory.track(append_only=True)
class Membership(models.Model):
    """A user works for a unit and everything below it."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "unit"], name="agencies_membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.unit_id}"


class Taking(models.TextChoices):
    """Does a service take new referrals (HSDS capacity status)? What was asked already goes on."""

    OPEN = "open", "takes new referrals"
    FULL = "full", "has no room"
    CLOSED = "closed", "takes none for now"


@pghistory.track(append_only=True)
class Service(models.Model):
    """What a unit does: for which subtopics, where, and with how much room (HSDS service).

    ``subtopics`` and ``districts`` hold codes; no district means the whole country (HSDS service area).
    ``capacity`` is how many open referrals the unit can have at once for it, None when that is not
    limited; ``alert`` is what has to be known before one sends somebody, in the words in which it was
    typed; ``confirmed_on`` is when somebody last said that the row is true (HSDS assured date). A
    service that has ended is switched off; ``mark`` is the provenance, as of a ``ReferenceRow``.
    """

    reported: ClassVar[frozenset[str]] = frozenset(
        {"capacity", "status", "alert", "confirmed_on", "confirmed_by", "version"}
    )
    """What units say from day to day; the reference files say nothing about it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="services")
    subtopics = ArrayField(models.CharField(max_length=32))
    districts = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=6, choices=Taking, default=Taking.OPEN)
    alert = models.CharField(max_length=300, blank=True)
    confirmed_on = models.DateField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    mark = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["unit", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(subtopics__len__gt=0), name="agencies_service_has_subtopics"
            ),
            models.CheckConstraint(
                condition=models.Q(capacity=None) | models.Q(capacity__gt=0),
                name="agencies_service_capacity",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=Taking.values), name="agencies_service_status"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None) | models.Q(confirmed_on__isnull=False),
                name="agencies_service_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"service {self.pk}"

    def covers(self, district: str | None) -> bool:
        """Does it serve who lives there? Where that is not known, only what serves the whole country."""
        return not self.districts or district in self.districts

    def meets(self, other: Service) -> bool:
        """Would the unit serve one subtopic in one district by both? Then it would have two capacities."""
        places = not (self.districts and other.districts) or set(self.districts) & set(other.districts)
        return self.unit_id == other.unit_id and bool(places and set(self.subtopics) & set(other.subtopics))


class Effect(models.TextChoices):
    """What a reason does."""

    TRIAGE = "triage", "back to triage"
    ASK_CITIZEN = "ask_citizen", "ask the citizen"
    NOT_ELIGIBLE = "not_eligible", "reasoned refusal"
    NONE = "none", "nothing further"


class Reason(ReferenceRow):
    """A coded reason or outcome, by the state it leads to; the code carries its effect."""

    KINDS = [
        ("rejected", "returned"),
        ("failed", "could not be done"),
        ("on_hold", "put on hold"),
        ("cancelled", "cancelled"),
        ("completed", "outcome"),
    ]

    kind = models.CharField(max_length=10, choices=KINDS)
    effect = models.CharField(max_length=12, choices=Effect, default=Effect.NONE)
    needs_note = models.BooleanField(default=False)


class ReferralQuerySet(models.QuerySet["Referral"]):
    def open(self) -> ReferralQuerySet:
        return self.filter(state__in=OPEN)


@pghistory.track(append_only=True)
class Referral(models.Model):
    """What one unit is asked to do for an application (tapşırıq).

    ``disclosed`` lists what the unit may see of the application (the decision's need-to-know).
    ``replaces`` keeps the chain when another unit takes over; ``agency`` is the unit's agency,
    kept here so that an agency's queue is one index. ``due_at`` and ``warn_at`` copy the running share
    in ``sla``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="referrals")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="referrals")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="referrals")
    subtopic = models.ForeignKey(Subtopic, on_delete=models.PROTECT, related_name="+")
    is_lead = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default=ReferralState.REQUESTED)
    priority = models.CharField(max_length=2, choices=Urgency, default=Urgency.P3)
    why = models.CharField(max_length=300, blank=True)
    disclosed = ArrayField(models.CharField(max_length=20), default=list)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="referrals"
    )
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    reason = models.ForeignKey(Reason, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    suggested_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    process = models.OneToOneField(
        "viewflow.Process", on_delete=models.PROTECT, null=True, related_name="referral"
    )
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[ReferralQuerySet] = ReferralQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=models.Q(is_lead=True, state__in=sorted(OPEN)),
                name="agencies_one_open_lead",
            ),
            models.UniqueConstraint(
                fields=["application", "unit"],
                condition=models.Q(state__in=sorted(OPEN)),
                name="agencies_one_open_per_unit",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "due_at", "id"],
                name="agencies_unit_queue",
                condition=models.Q(state__in=sorted(OPEN)),
            ),
            models.Index(
                fields=["agency", "due_at", "id"],
                name="agencies_agency_queue",
                condition=models.Q(state__in=sorted(OPEN)),
            ),
            models.Index(
                fields=["due_at", "id"], name="agencies_open_due", condition=models.Q(state__in=sorted(OPEN))
            ),
            models.Index(fields=["assignee", "due_at"], name="agencies_by_assignee"),
            models.Index(fields=["-requested_at", "-id"], name="agencies_newest"),
            models.Index(
                fields=["finished_at", "agency"],
                name="agencies_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class Answer(models.Model):
    """What the unit tells the citizen. Append-only; the newest counts."""

    id = models.BigAutoField(primary_key=True)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="answers")
    outcome = models.ForeignKey(Reason, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"answer {self.pk}"


class Hold(models.Model):
    """A time in which a unit waits for somebody else: for a coded reason, and always up to an end.

    ``until`` is the planned end, at which it ends by itself; ``ended_at`` the real one. Nobody ended
    it (``ended_by``) when the time was up.
    """

    id = models.BigAutoField(primary_key=True)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="holds")
    reason = models.ForeignKey(Reason, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["referral"], condition=models.Q(ended_at=None), name="agencies_one_hold"
            ),
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("started_at")), name="agencies_hold_ends"
            ),
        ]
        indexes = [
            models.Index(fields=["until"], name="agencies_hold_next", condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"
