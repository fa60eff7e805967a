"""Locking what a command works on, always in one order: application, then referral and process."""

from __future__ import annotations

from uuid import UUID

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import services as referrals
from agencies.models import Referral
from events.errors import IllegalMove
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application


def lock(referral: UUID) -> Referral:
    """Lock application, referral and process, in that order."""
    application = intake.lock_of_referral(referral)
    row = referrals.lock(referral)
    row.application = application
    return row


def has_waited(row: Referral) -> bool:
    """Was any unit of its application ever on hold? If not, clocks need no new reckoning."""
    waited: bool = row.waited  # type: ignore[attr-defined]  # agencies.services.lock
    return waited


def lock_to_work(actor: User, referral: UUID, version: int | None) -> Referral:
    row = lock(referral)
    require(actor, Action.REFERRAL_WORK, row)
    referrals.check_version(row, version)
    return row


def lock_to_confirm(actor: User, application: UUID, version: int | None) -> Application:
    row = intake.lock(application)
    require(actor, Action.APPLICATION_CONFIRM, row)
    intake.check_version(row, version)
    if row.state != ApplicationState.AWAITING_CONFIRMATION:
        raise IllegalMove("application", row.state, ApplicationState.CLOSED)
    return row
