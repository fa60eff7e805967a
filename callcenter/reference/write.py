"""Writing the reference data: compare first, then one statement per table that changes.

Nothing a record may point to is deleted: a row that left the files is switched off. A row that an
administrator made or changed (``people.reference.EDITED``) is the administrator's: the files leave it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import translation

from events import clock
from events.errors import Invalid
from people.reference import EDITED
from routing.models import RuleSet
from routing.rules.book import digest
from sla import publication
from sla.models import CalendarVersion

from .days import Documents
from .files import MARK
from .rules import RuleDocument


@dataclass(frozen=True)
class Tally:
    """What became of one table."""

    name: str
    created: int
    changed: int
    retired: int
    kept: int
    total: int

    @property
    def touched(self) -> int:
        return self.created + self.changed + self.retired


def write_table(rows: Sequence[Any]) -> Tally:
    """Bring one table to what the files say."""
    model: type[models.Model] = type(rows[0])
    before: dict[Any, Any] = model._default_manager.in_bulk()
    free = [row for row in rows if row.pk not in before or not before[row.pk].mark.startswith(EDITED)]
    new = [row for row in free if row.pk not in before]
    changed = [row for row in free if row.pk in before and _differ(row, before[row.pk])]
    if new or changed:
        model._default_manager.bulk_create(
            [*new, *changed],
            update_conflicts=True,
            unique_fields=[model._meta.pk.name],
            update_fields=[field.name for field in _fields(model)],
        )
    if changed and hasattr(model, "version"):  # a form that was opened on the row before is told so
        model._default_manager.filter(pk__in=[row.pk for row in changed]).update(version=F("version") + 1)
    retired = _retire(model, before, {row.pk for row in rows})
    name = str(model._meta.verbose_name_plural)
    return Tally(name, len(new), len(changed), retired, len(rows) - len(free), len(rows))


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns that the files fill; what is reported from day to day is not theirs."""
    reported: frozenset[str] = getattr(model, "reported", frozenset())
    return [
        field for field in model._meta.concrete_fields if not field.primary_key and field.name not in reported
    ]


def _differ(one: models.Model, other: models.Model) -> bool:
    return any(getattr(one, field.attname) != getattr(other, field.attname) for field in _fields(type(one)))


def _retire(model: type[models.Model], before: dict[Any, Any], wanted: set[Any]) -> int:
    """Switch off what came from the files and left them."""
    gone = [
        key
        for key, row in before.items()
        if key not in wanted and MARK.match(row.mark) and getattr(row, "active", True)
    ]
    if not gone:
        return 0
    model._default_manager.filter(pk__in=gone).update(active=False)
    return len(gone)


def write_rules(document: RuleDocument) -> str:
    """Publish rule set 1 where there is none, and say what was done; a published one never changes."""
    published = RuleSet.objects.filter(status="published").first()
    if published is None and not RuleSet.objects.exists():
        RuleSet.objects.create(
            number=1,
            status="published",
            document=document,
            digest=digest(document),
            published_at=clock.now(),
        )
        return "Rule set 1 is published."
    if published is not None and published.number == 1 and published.digest != digest(document):
        return "The subjects differ from rule set 1, which stays in force until a new one is published."
    return ""


def write_calendar(documents: Documents) -> tuple[Tally, str]:
    """Publish the files' calendar where there is none, or the next one while the files make them.

    What an administrator has published stays in force, and so does what the files may not change
    any more; the text says so.
    """
    latest, ours = CalendarVersion.objects.first(), CalendarVersion.objects.filter(by=None).first()
    if ours is not None and ours.digest == publication.digest(**documents):
        return _calendars(0), ""
    if latest is not None and latest.by_id is not None:
        return _calendars(0), f"The calendar differs from version {latest.number}, which stays in force."
    expected = latest.number if latest is not None else 0
    try:
        with translation.override("en"):
            publication.publish(actor=None, note="fixtures", expected=expected, **documents)
    except Invalid as refused:
        said = " ".join(str(sentence) for lines in refused.errors.values() for sentence in lines)
        return _calendars(0), f"The calendar in force stays: {said}"
    return _calendars(1), ""


def _calendars(created: int) -> Tally:
    return Tally("calendar versions", created, 0, 0, 0, 1)
