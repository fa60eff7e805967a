"""What citizens ask for: subjects, contacts and applications."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from people.models import Person
from people.reference import ReferenceRow

from .lifecycle import OPEN, ApplicationState, ContactState


class Document(ReferenceRow):
    """A paper or a fact an agency may need (identity, disability decision, and so on)."""


class Topic(ReferenceRow):
    """One of the 12 subjects; ``health`` marks what is health data by its very subject."""

    health = models.BooleanField(default=False)


class Urgency(models.TextChoices):
    """Classes of urgency, ``reference/domain.md`` 4.1 [D]."""

    P0 = "P0", "crisis"
    P1 = "P1", "urgent"
    P2 = "P2", "high"
    P3 = "P3", "ordinary"
    P4 = "P4", "with additional study"


class Subtopic(ReferenceRow):
    """What exactly is asked; ``first`` and ``resolve`` are targets as the source has them."""

    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="subtopics")
    lead = models.CharField(max_length=32)
    joint = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    urgency = models.CharField(max_length=2, choices=Urgency)
    first = models.CharField(max_length=12)
    resolve = models.CharField(max_length=12)
    documents = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    keywords = ArrayField(models.CharField(max_length=40), default=list, blank=True)


class Disposition(ReferenceRow):
    """How a contact ended, and what follows from it."""

    GROUPS = [
        ("inbound", "inbound"),
        ("outbound_no_contact", "outbound, nobody reached"),
        ("outbound_contact", "outbound, reached"),
    ]

    group = models.CharField(max_length=20, choices=GROUPS)
    next_action = models.CharField(max_length=40, blank=True)


class Channel(models.TextChoices):
    PHONE = "phone", "phone"
    VISIT = "visit", "visit"
    LETTER = "letter", "letter"
    WEB = "web", "web form"


class Direction(models.TextChoices):
    IN = "in", "incoming"
    OUT = "out", "outgoing"


@pghistory.track(append_only=True)
class Contact(models.Model):
    """One call, visit, letter or web message: a record of its own, even when no application follows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.PHONE)
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.IN)
    state = models.CharField(max_length=12, default=ContactState.ACTIVE)
    number = models.CharField(max_length=16, blank=True)
    caller = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    concerning = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts_about"
    )
    verification = models.PositiveSmallIntegerField(default=0)
    notes = models.TextField(blank=True)
    disposition = models.ForeignKey(Disposition, on_delete=models.PROTECT, null=True, blank=True)
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contacts")
    started_at = models.DateTimeField(db_default=Now())
    finalised_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verification__gte=0, verification__lte=3),
                name="intake_contact_verification",
            )
        ]
        indexes = [models.Index(fields=["caller", "-started_at"], name="intake_contact_by_caller")]

    def __str__(self) -> str:
        return str(self.pk)


class ApplicationQuerySet(models.QuerySet["Application"]):
    def open(self) -> ApplicationQuerySet:
        return self.filter(state__in=OPEN)


@pghistory.track(append_only=True)
class Application(models.Model):
    """One request on one subtopic (müraciət).

    ``text`` holds the citizen's words, at most 1500 user-perceived characters; ``facts`` the
    answers routing asked for. ``due_at`` and ``warn_at`` copy the running promise in ``sla`` for lists.
    ``process`` is the running workflow; a reopened application gets a new one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, unique=True)
    tracking_code = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=24, default=ApplicationState.REGISTERED)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="applications")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="applications", null=True)
    subtopic = models.ForeignKey(Subtopic, on_delete=models.PROTECT, related_name="applications")
    text = models.TextField()
    facts = models.JSONField(default=dict, blank=True)
    priority = models.CharField(max_length=2, choices=Urgency, default=Urgency.P3)
    policy = models.CharField(max_length=4, default="all")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    process = models.OneToOneField(
        "viewflow.Process", on_delete=models.PROTECT, null=True, related_name="application"
    )
    synthetic = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[ApplicationQuerySet] = ApplicationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["person", "-registered_at"], name="intake_app_by_person"),
            models.Index(fields=["-registered_at", "-id"], name="intake_app_newest"),
            models.Index(fields=["state", "due_at", "id"], name="intake_app_by_state"),
            models.Index(
                fields=["due_at", "id"],
                name="intake_app_open_due",
                condition=models.Q(state__in=sorted(OPEN)),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class SubjectModelQuerySet(models.QuerySet["SubjectModel"]):
    def in_use(self) -> SubjectModelQuerySet:
        """Active ones, the newest first: the first that can be read is the one in use."""
        return self.filter(active=True).order_by("-number")


class SubjectModel(models.Model):
    """A trained model that suggests subtopics (``intake.suggest.model``); never changed, only withdrawn.

    ``weights`` are its arrays as npz, ``digest`` their SHA-256; ``examples`` counts the closed applications
    it learned from and ``figures`` is what cross-validation said of it.
    """

    number = models.BigAutoField(primary_key=True)
    trained_at = models.DateTimeField(db_default=Now())
    examples = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    figures = models.JSONField()
    weights = models.BinaryField()
    active = models.BooleanField(default=True)

    objects: ClassVar[SubjectModelQuerySet] = SubjectModelQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"model {self.number}"


class SuggestionOutcome(models.Model):
    """What was suggested for an application's text when it was registered, and what the operator chose.

    ``suggested`` is a list of [code, confidence], likeliest first; ``rank`` the place of ``chosen`` in it,
    from 1, None when the operator chose something else. Without ``model`` the taxonomy's own words suggested.
    Holds no text.
    """

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, primary_key=True, related_name="suggestion"
    )
    model = models.ForeignKey(SubjectModel, on_delete=models.PROTECT, null=True, related_name="outcomes")
    suggested = models.JSONField()
    chosen = models.ForeignKey(Subtopic, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.pk)
