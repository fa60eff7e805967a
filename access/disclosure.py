"""Need-to-know: which fields of an application this actor may read."""

from __future__ import annotations

from collections.abc import Iterable

from agencies.models import Referral
from intake.models import Application
from routing.decide import HEALTH, OPENLY

from .models import User
from .roles import CALL_CENTRE, Role
from .visibility import works_in

EVERYTHING = frozenset((*OPENLY, *HEALTH, "address", "answers", "safety", "contact", "fin"))


def readable(actor: User, application: Application, referrals: Iterable[Referral]) -> frozenset[str]:
    """Field codes the actor may read.

    The call centre reads everything, a clinician everything of a health subject (visibility has
    seen to that), an agency what its own referrals disclose, and of others' answers nothing.
    """
    if actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN:
        return EVERYTHING
    return frozenset(
        field for referral in referrals if works_in(actor, referral.unit) for field in referral.disclosed
    )


def reads_answer(actor: User, referral: Referral) -> bool:
    """May the actor read this referral's answer in words? Its own unit, the call centre, a clinician.

    Partners share the stage, the clock and the outcome, never each other's words to the citizen.
    """
    if actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN:
        return True
    return works_in(actor, referral.unit)


# Notes of these ends are the citizen's words about the whole application, not words to or of the unit.
CITIZENS_WORDS = frozenset({"withdrawn", "entered_in_error"})


def reads_note(actor: User, referral: Referral) -> bool:
    """May the actor read why this referral ended, in words? The call centre and its own unit; the
    citizen's own words only a unit that may read his others."""
    if actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN:
        return True
    private = referral.reason_id in CITIZENS_WORDS and "text" not in referral.disclosed
    return works_in(actor, referral.unit) and not private
