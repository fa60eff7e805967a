"""Turning a changed record into the event that tells of it."""

from __future__ import annotations

from typing import Any

from agencies.models import Referral
from events.catalog import Happened, Kind, application_topics, referral_topics
from intake.models import Application


def application_news(
    kind: Kind, application: Application, *, actor: Any = None, reason: str = ""
) -> Happened:
    return Happened(
        kind=kind,
        application=application.pk,
        topics=application_topics(application.pk),
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
