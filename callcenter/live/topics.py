"""The topics of the live door: what they are called, who may listen, and what they show right now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from access.models import User
from access.permissions import may
from access.policy import Action
from access.visibility import applications_for, units_for
from agencies.lifecycle import OPEN as OPEN_REFERRAL
from agencies.models import Agency, Referral, Unit
from agencies.selectors import in_queue_of
from events.errors import NotVisible
from events.journal import Told
from intake.lifecycle import OPEN
from intake.models import Application

TOPIC = re.compile(r"(?P<kind>queue|board|application|desk)(?::(?P<name>[A-Za-z0-9._-]{1,64}))?")
ROW_LIMIT = 2000  # rows a topic tells; of more than that only a part is told, and no digest

Row = dict[str, Any]


@dataclass(frozen=True)
class Topic:
    """A parsed topic name such as ``queue:TABIB``, ``board`` or ``application:<id>``.

    ``audience`` is how events name it: an operator's desk by number, not by name.
    """

    kind: str
    name: str
    audience: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse(name: Any) -> Topic:
    """Raises ``NotVisible`` for what is no topic: a stranger learns nothing from trying names."""
    match = TOPIC.fullmatch(name) if isinstance(name, str) else None
    if match is None or (match["kind"] != "board" and not match["name"]):
        raise NotVisible
    return Topic(match["kind"], match["name"] or "", name)


def allowed(actor: User, name: Any) -> Topic:
    """The topic of that name, or ``NotVisible`` unless the actor may listen to it."""
    topic = parse(name)
    if not _may_listen(actor, topic):
        raise NotVisible
    return Topic("desk", topic.name, f"desk:{actor.pk}") if topic.kind == "desk" else topic


def _may_listen(actor: User, topic: Topic) -> bool:
    match topic.kind:
        case "queue":
            unit = units_for(actor).filter(pk=topic.name).first()
            return unit is not None and may(actor, Action.QUEUE_VIEW, unit)
        case "board" if not topic.name:
            return may(actor, Action.BOARD_VIEW) and may(actor, Action.TRIAGE_VIEW)
        case "board":
            agency = Agency.objects.filter(pk=topic.name).first()
            return agency is not None and may(actor, Action.BOARD_VIEW, agency)
        case "application":
            number = _number(topic)
            return number is not None and applications_for(actor).filter(pk=number).exists()
        case "desk":
            return topic.name == actor.username and may(actor, Action.PERSON_ADD)
    return False


def _number(topic: Topic) -> UUID | None:
    """One spelling of an id only: frames name the topic by it."""
    try:
        number = UUID(topic.name)
    except ValueError:
        return None
    return number if str(number) == topic.name else None


# --- what a topic shows -------------------------------------------------------------------------------


def rows(topic: Topic) -> list[Row]:
    """What the topic shows now: ids, versions, states and due instants, never personal data.

    The same for everybody who may listen. At most ``ROW_LIMIT`` and one more, which says that there is more.
    """
    match topic.kind:
        case "queue":
            return _referrals(in_queue_of(Referral.objects.open(), Unit.objects.get(pk=topic.name)))
        case "board" if topic.name:
            return _referrals(Referral.objects.open().filter(agency=topic.name))
        case "board":
            return _applications(Application.objects.filter(state__in=OPEN))
        case "desk":
            registrar = int(topic.audience.removeprefix("desk:"))
            return _applications(Application.objects.filter(registered_by=registrar, state__in=OPEN))
    number = UUID(topic.name)
    whole, parts = Application.objects.filter(pk=number), Referral.objects.filter(application=number)
    return [*_applications(whole), *({**row, "assignee": None} for row in _referrals(parts))]


def listed(topic: str, event: Told) -> bool | None:
    """Is the event's record among the topic's rows after it? None when no row of the topic is concerned.

    What time tells (``clock.*``) changes how a record stands, never whether it is there.
    """
    kind, _colon, name = topic.partition(":")
    if event.kind.startswith(("clock.", "escalation.")):
        return None
    if kind == "application":
        return True
    of_referrals = kind == "queue" or (kind == "board" and bool(name))
    if of_referrals != (event.referral is not None):
        return None
    return event.state in (OPEN_REFERRAL if of_referrals else OPEN)


REFERRAL = ("id", "application_id", "unit_id", "is_lead", "state", "version", "due_at", "assignee__username")
APPLICATION = ("id", "number", "state", "version", "due_at", "priority")


def _referrals(found: QuerySet[Referral]) -> list[Row]:
    chosen = found.order_by("due_at", "id").values(*REFERRAL)[: ROW_LIMIT + 1]
    return [
        {
            "kind": "referral",
            "id": str(row["id"]),
            "application": str(row["application_id"]),
            "unit": row["unit_id"],
            "is_lead": row["is_lead"],
            "state": row["state"],
            "version": row["version"],
            "due": row["due_at"].isoformat() if row["due_at"] else None,
            "assignee": row["assignee__username"],
        }
        for row in chosen
    ]


def _applications(found: QuerySet[Application]) -> list[Row]:
    chosen = found.order_by("due_at", "id").values(*APPLICATION)[: ROW_LIMIT + 1]
    return [
        {
            "kind": "application",
            "id": str(row["id"]),
            "number": row["number"],
            "state": row["state"],
            "version": row["version"],
            "due": row["due_at"].isoformat() if row["due_at"] else None,
            "priority": row["priority"],
        }
        for row in chosen
    ]
