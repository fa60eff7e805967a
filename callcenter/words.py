"""What states, classes of urgency, fields and events are called in front of people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.lifecycle import ReferralState
from events.catalog import Kind
from intake.lifecycle import ApplicationState

Words = dict[str, "str | Promise"]

CALL_CENTRE = _("Call Centre")

STAGES: Words = {
    ReferralState.REQUESTED: _("New"),
    ReferralState.ACCEPTED: _("Accepted"),
    ReferralState.IN_PROGRESS: _("In progress"),
    ReferralState.ON_HOLD: _("On hold"),
    ReferralState.COMPLETED: _("Answered"),
    ReferralState.FAILED: _("Not carried out"),
    ReferralState.REJECTED: _("Returned"),
    ReferralState.CANCELLED: _("Cancelled"),
}

APPLICATION_STATES: Words = {
    ApplicationState.REGISTERED: _("Registered"),
    ApplicationState.TRIAGE: _("In triage"),
    ApplicationState.ROUTED: _("With the agencies"),
    ApplicationState.AWAITING_CONFIRMATION: _("Awaits confirmation"),
    ApplicationState.CLOSED: _("Closed"),
    ApplicationState.WITHDRAWN: _("Withdrawn"),
    ApplicationState.ENTERED_IN_ERROR: _("Entered in error"),
}

URGENCY: Words = {
    "P0": _("Crisis"),
    "P1": _("Urgent"),
    "P2": _("High"),
    "P3": _("Ordinary"),
    "P4": _("With additional study"),
}

# What a clock measures.
MEASURES: Words = {
    "first_answer": _("First answer to the citizen"),
    "resolution": _("Answer to the citizen"),
    "legal_answer": _("Answer by law"),
    "legal_forward": _("Forwarding by law"),
    "accept": _("Acceptance by the unit"),
    "first_action": _("First action of the unit"),
    "resolve": _("Answer of the unit"),
}

# Who held the time, beside the agencies (``sla.ledger``).
PARTIES: Words = {
    "CALL_CENTRE": CALL_CENTRE,
    "CITIZEN": _("The citizen"),
    "THIRD_PARTY": _("Others who are waited for"),
}

POLICIES: Words = {
    "all": _("all have to answer"),
    "lead": _("the lead's answer is enough"),
    "any": _("one answer is enough"),
}

# Field codes of ``routing.decide`` and ``access.disclosure``.
FIELDS: Words = {
    "identity": _("Name"),
    "phone": _("Phone number"),
    "district": _("District"),
    "subtopic": _("Subject"),
    "text": _("The citizen's words"),
    "facts": _("Answers to the questions"),
    "address": _("Address"),
    "fin": _("FIN and date of birth"),
}

EVENTS: Words = {
    Kind.APPLICATION_REGISTERED: _("Application registered"),
    Kind.APPLICATION_ROUTED: _("Sent to the agencies by the rules"),
    Kind.APPLICATION_SENT_TO_TRIAGE: _("Sent to triage"),
    Kind.APPLICATION_TRIAGED: _("Decided in triage"),
    Kind.APPLICATION_ANSWERED: _("Answers gathered"),
    Kind.APPLICATION_CONFIRMED: _("Confirmed by the citizen"),
    Kind.APPLICATION_DISPUTED: _("The citizen says it is not solved"),
    Kind.APPLICATION_UNREACHABLE: _("The citizen was not reached"),
    Kind.APPLICATION_REOPENED: _("Opened again"),
    Kind.APPLICATION_WITHDRAWN: _("Withdrawn by the citizen"),
    Kind.APPLICATION_ENTERED_IN_ERROR: _("Marked as entered in error"),
    Kind.APPLICATION_RECONCILED: _("Put in order by the system"),
    Kind.APPLICATION_EXTENDED: _("The promise was extended"),
    Kind.APPLICATION_RESCHEDULED: _("The promised date has changed"),
    Kind.APPLICATION_RAISED: _("Made more urgent"),
    Kind.REFERRAL_REQUESTED: _("Referral sent"),
    Kind.REFERRAL_CLAIMED: _("Referral taken"),
    Kind.REFERRAL_RELEASED: _("Back in the queue"),
    Kind.REFERRAL_ACCEPTED: _("Referral accepted"),
    Kind.REFERRAL_STARTED: _("Work begun"),
    Kind.REFERRAL_HELD: _("Put on hold"),
    Kind.REFERRAL_RESUMED: _("Resumed"),
    Kind.REFERRAL_RESCHEDULED: _("The unit's time has changed"),
    Kind.REFERRAL_RAISED: _("Made more urgent"),
    Kind.REFERRAL_REJECTED: _("Referral returned"),
    Kind.REFERRAL_COMPLETED: _("Answer given"),
    Kind.REFERRAL_FAILED: _("Could not be carried out"),
    Kind.REFERRAL_CANCELLED: _("Referral cancelled"),
    Kind.REFERRAL_REPLACED: _("Replaced by another unit"),
    Kind.REFERRAL_LEADS: _("Leads from now on"),
    Kind.REFERRAL_RECONCILED: _("Put in order by the system"),
    Kind.CLOCK_WARNED: _("Time runs out"),
    Kind.CLOCK_BREACHED: _("Time is up"),
    Kind.CLOCK_CONTESTED: _("The breach is contested"),
    Kind.ESCALATION_OPENED: _("Handed to the supervisor"),
    Kind.ESCALATION_SETTLED: _("The supervisor stepped in"),
}

UNITS_OF_TIME: dict[str, tuple[str | Promise, str | Promise]] = {
    "min": (_("%(n)s minute"), _("%(n)s minutes")),
    "h": (_("%(n)s hour round the clock"), _("%(n)s hours round the clock")),
    "wh": (_("%(n)s working hour"), _("%(n)s working hours")),
    "wd": (_("%(n)s working day"), _("%(n)s working days")),
}


def of(words: Words, code: object) -> str:
    """The word for a code; the code itself when there is no word for it."""
    return str(words.get(str(code), code))


def target(code: str) -> str:
    """A target such as "7 wd" in words."""
    amount, _space, unit = code.partition(" ")
    if unit not in UNITS_OF_TIME or not amount.isdecimal():
        return code
    return str(UNITS_OF_TIME[unit][amount != "1"]) % {"n": int(amount)}


def round_the_clock(code: str) -> bool:
    """Does a target of this spelling run outside working hours as well?"""
    return code.endswith((" min", " h"))
