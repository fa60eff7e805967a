"""Turning a changed record into the event that tells of it."""

from __future__ import annotations

from typing import Any

from agencies.models import Referral
from events.catalog import Happened, Kind, application_topics, referral_topics
from intake.models import Application
from sla.models import Firing


def application_news(
    kind: Kind, application: Application, *, actor: Any = None, reason: str = ""
) -> Happened:
    return Happened(
        kind=kind,
        application=application.pk,
        topics=application_topics(application.pk, application.registered_by_id),
        version=application.version,
        state=application.state,
        actor=actor.pk if actor else None,
        reason=reason,
    )


def referral_news(kind: Kind, referral: Referral, *, actor: Any = None, reason: str = "") -> Happened:
    return Happened(
        kind=kind,
        application=referral.application_id,
        referral=referral.pk,
        unit=referral.unit_id,
        topics=referral_topics(referral.application_id, referral.unit.path, referral.agency_id),
        version=referral.version,
        state=referral.state,
        actor=actor.pk if actor else None,
        reason=reason,
    )


def clock_news(kind: Kind, firing: Firing, application: Application, *, actor: Any = None) -> Happened:
    """The event that tells of a level, with the instant at which it was due."""
    clock = firing.clock
    told = (
        referral_news(kind, clock.referral, actor=actor)
        if clock.referral is not None
        else application_news(kind, application, actor=actor)
    )
    told.data.update(measure=clock.measure, level=firing.level, due=firing.due_at.isoformat())
    if firing.late_detected:
        told.data["late_detected"] = 1
    return told
