"""The topics of the live door: what they are called, who may listen, and what they show right now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from access.models import User
from access.permissions import may
from access.policy import Action
from access.visibility import applications_for, referrals_for, units_for
from agencies.lifecycle import OPEN as OPEN_REFERRAL
from agencies.models import Agency, Unit
from agencies.selectors import in_queue_of
from events.errors import NotVisible
from intake.lifecycle import OPEN
from intake.models import Application

TOPIC = re.compile(r"(?P<kind>queue|board|application|desk)(?::(?P<name>[A-Za-z0-9._-]{1,64}))?")
ROW_LIMIT = 2000


@dataclass(frozen=True)
class Topic:
    """A parsed topic name such as ``queue:TABIB``, ``board`` or ``application:<id>``."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse(name: Any) -> Topic:
    """Raises ``NotVisible`` for what is no topic: a stranger learns nothing from trying names."""
    match = TOPIC.fullmatch(name) if isinstance(name, str) else None
    if match is None or (match["kind"] != "board" and not match["name"]):
        raise NotVisible
    return Topic(match["kind"], match["name"] or "")


def check(actor: User, topic: Topic) -> None:
    """Raise ``NotVisible`` unless the actor may listen to the topic."""
    if not _may_listen(actor, topic):
        raise NotVisible


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
            return bool(_applications(actor, topic).exists())
        case "desk":
            return topic.name == actor.username and may(actor, Action.PERSON_ADD)
    return False


def rows(actor: User, topic: Topic) -> list[dict[str, Any]]:
    """What the topic shows now: ids, versions, states and due instants, never personal data."""
    match topic.kind:
        case "queue":
            found = in_queue_of(referrals_for(actor), Unit.objects.get(pk=topic.name)).filter(
                state__in=OPEN_REFERRAL
            )
        case "board":
            return _board(topic)
        case "application":
            return [*_application_rows(actor, topic)]
        case _:
            return []
    return [_referral_row(row) for row in found.order_by("due_at", "id").values(*REFERRAL)[:ROW_LIMIT]]


REFERRAL = ("id", "application_id", "unit_id", "is_lead", "state", "version", "due_at", "assignee__username")
APPLICATION = ("id", "number", "state", "version", "due_at", "priority")


def _referral_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
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


def _application_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "application",
        "id": str(row["id"]),
        "number": row["number"],
        "state": row["state"],
        "version": row["version"],
        "due": row["due_at"].isoformat() if row["due_at"] else None,
        "priority": row["priority"],
    }


def _board(topic: Topic) -> list[dict[str, Any]]:
    found = Application.objects.filter(state__in=OPEN)
    if topic.name:
        found = found.filter(referrals__agency=topic.name).distinct()
    return [_application_row(row) for row in found.order_by("due_at", "id").values(*APPLICATION)[:ROW_LIMIT]]


def _application_rows(actor: User, topic: Topic) -> list[dict[str, Any]]:
    whole = _applications(actor, topic).values(*APPLICATION).first()
    if whole is None:
        raise NotVisible
    parts = referrals_for(actor).filter(application=whole["id"]).order_by("requested_at", "id")
    return [_application_row(whole), *(_referral_row(row) for row in parts.values(*REFERRAL))]


def _applications(actor: User, topic: Topic) -> Any:
    try:
        return applications_for(actor).filter(pk=UUID(topic.name))
    except ValueError:
        return Application.objects.none()
