"""Who we look after: persons, their telephones, and the places they live in."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from . import text
from .reference import ReferenceRow


class Region(ReferenceRow):
    """One of the 14 economic regions."""


class District(ReferenceRow):
    """A city of republic subordination or a rayon (75), by ISO 3166-2:AZ code where there is one."""

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="districts")
    kind = models.CharField(max_length=1, choices=[("c", "city"), ("r", "rayon")])


class Category(ReferenceRow):
    """Why the state looks after this person: veteran, member of a martyr's family, and so on."""

    class Meta(ReferenceRow.Meta):
        verbose_name_plural = "categories"


class Sex(models.TextChoices):
    FEMALE = "f", "female"
    MALE = "m", "male"
    UNKNOWN = "u", "unknown"


@pghistory.track(append_only=True)
class Person(models.Model):
    """A citizen. Never deleted; a phone number is not a key, households share them.

    ``patronymic`` is the father's given name; "oğlu" or "qızı" follows from ``sex``.
    ``search_fold`` and ``search_phon`` are keys of the whole name (see ``people.text``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    family_name = models.CharField(max_length=80)
    given_name = models.CharField(max_length=80)
    patronymic = models.CharField(max_length=80, blank=True)
    sex = models.CharField(max_length=1, choices=Sex, default=Sex.UNKNOWN)
    birth_date = models.DateField(null=True, blank=True)
    fin = models.CharField(max_length=7, null=True, blank=True)
    district = models.ForeignKey(District, on_delete=models.PROTECT, null=True, blank=True)
    address = models.CharField(max_length=300, blank=True)
    categories = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    language = models.CharField(max_length=2, default="az")
    safety_note = models.CharField(max_length=300, blank=True)
    synthetic = models.BooleanField(default=False)
    search_fold = models.CharField(max_length=600, editable=False)
    search_phon = models.CharField(max_length=600, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fin"], name="people_fin_once")]
        indexes = [
            GinIndex(OpClass("search_fold", name="gin_trgm_ops"), name="people_fold_trgm"),
            GinIndex(OpClass("search_phon", name="gin_trgm_ops"), name="people_phon_trgm"),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # a name must not slip into a log through a repr

    @property
    def full_name(self) -> str:
        """Official order: surname, given name, father's name with oğlu or qızı."""
        suffix = {Sex.MALE: "oğlu", Sex.FEMALE: "qızı"}.get(Sex(self.sex), "")
        parts = [self.family_name, self.given_name, self.patronymic, suffix if self.patronymic else ""]
        return " ".join(part for part in parts if part)

    @property
    def initials(self) -> str:
        return (self.family_name[:1] + self.given_name[:1]) or "?"

    def index_name(self) -> None:
        """Set the search keys from the name; called by the services that write it."""
        whole = f"{self.family_name} {self.given_name} {self.patronymic}"
        self.search_fold = text.fold(whole)
        self.search_phon = text.phon(whole)


@pghistory.track(append_only=True)
class Phone(models.Model):
    """One way to reach a person. ``number`` is E.164; one number may be several people's."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="phones")
    number = models.CharField(max_length=16, db_index=True)
    label = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "number"], name="people_phone_once")]
        indexes = [GinIndex(OpClass("number", name="gin_trgm_ops"), name="people_phone_part")]

    def __str__(self) -> str:
        return f"phone {self.pk}"

    @property
    def display(self) -> str:
        return text.phone_display(self.number)


@pghistory.track(append_only=True)
class Relation(models.Model):
    """How ``person`` stands to ``other``: the household and the martyr's family."""

    KINDS = [
        ("spouse", "spouse"),
        ("parent", "parent"),
        ("child", "child"),
        ("sibling", "sibling"),
        ("guardian", "guardian"),
        ("other", "other"),
    ]

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="relations")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=KINDS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "other"], name="people_relation_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
