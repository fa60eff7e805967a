"""What is done about a breach, as forms send it: the breach is a number out of a list."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from access.models import User
from agencies.models import Referral
from events.errors import Invalid
from intake.models import Application
from sla.models import Firing
from workflows import actions


def contest(*, actor: User, application: UUID, firing: str, text: str, version: int | None) -> Application:
    """Contest a breach of an application. What else changed meanwhile does not matter to it."""
    found = actions.contest(actor=actor, application=application, firing=_number(firing), text=text)
    return _application(found)


def contest_share(*, actor: User, referral: UUID, firing: str, text: str, version: int | None) -> Referral:
    """The same from the page of the unit whose clock it was."""
    row = Referral.objects.get(pk=referral)
    actions.contest(actor=actor, application=row.application_id, firing=_number(firing), text=text)
    return row


def settle(*, actor: User, application: UUID, firing: str, text: str, version: int | None) -> Application:
    """Say what was done about an escalated breach."""
    found = actions.settle_escalation(actor=actor, application=application, firing=_number(firing), text=text)
    return _application(found)


def _application(found: Firing) -> Application:
    whole: Application = found.clock.application
    return whole


def _number(value: str) -> int:
    if not value.isdecimal() or len(value) > 18:
        raise Invalid.field("firing", _("Choose from the list."), code="unknown_breach")
    return int(value)
