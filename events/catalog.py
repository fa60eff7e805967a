"""The vocabulary of what can happen. Plain Python: ids, states and instants, never personal data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """Every kind of event, named as a sentence in the past tense."""

    APPLICATION_REGISTERED = "application.registered"
    APPLICATION_ROUTED = "application.routed"
    APPLICATION_SENT_TO_TRIAGE = "application.sent_to_triage"
    APPLICATION_TRIAGED = "application.triaged"
    APPLICATION_ANSWERED = "application.answered"
    APPLICATION_CONFIRMED = "application.confirmed"
    APPLICATION_DISPUTED = "application.disputed"
    APPLICATION_UNREACHABLE = "application.unreachable"
    APPLICATION_REOPENED = "application.reopened"
    APPLICATION_EXTENDED = "application.extended"
    APPLICATION_RESCHEDULED = "application.rescheduled"
    APPLICATION_RAISED = "application.raised"
    APPLICATION_WITHDRAWN = "application.withdrawn"
    APPLICATION_ENTERED_IN_ERROR = "application.entered_in_error"
    APPLICATION_RECONCILED = "application.reconciled"
    REFERRAL_REQUESTED = "referral.requested"
    REFERRAL_CLAIMED = "referral.claimed"
    REFERRAL_RELEASED = "referral.released"
    REFERRAL_ACCEPTED = "referral.accepted"
    REFERRAL_STARTED = "referral.started"
    REFERRAL_HELD = "referral.held"
    REFERRAL_RESUMED = "referral.resumed"
    REFERRAL_RESCHEDULED = "referral.rescheduled"
    REFERRAL_RAISED = "referral.raised"
    REFERRAL_REJECTED = "referral.rejected"
    REFERRAL_COMPLETED = "referral.completed"
    REFERRAL_FAILED = "referral.failed"
    REFERRAL_CANCELLED = "referral.cancelled"
    REFERRAL_REPLACED = "referral.replaced"
    REFERRAL_LEADS = "referral.leads"
    REFERRAL_RECONCILED = "referral.reconciled"
    CLOCK_WARNED = "clock.warned"
    CLOCK_BREACHED = "clock.breached"
    CLOCK_CONTESTED = "clock.contested"
    ESCALATION_OPENED = "escalation.opened"
    ESCALATION_SETTLED = "escalation.settled"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event before it is written.

    ``topics`` are the live audiences (``queue:TABIB``, ``board``, ``application:<id>``);
    ``version`` is the record's version after the change; ``state`` its state.
    """

    kind: Kind
    application: UUID
    topics: tuple[str, ...]
    version: int
    state: str
    referral: UUID | None = None
    unit: str | None = None
    actor: int | None = None
    reason: str = ""
    data: dict[str, str | int | None] = field(default_factory=dict)


def application_topics(application: UUID, registrar: int | None = None) -> tuple[str, ...]:
    """Audiences of a change of the application as a whole; ``registrar`` is who registered it."""
    desk = () if registrar is None else (f"desk:{registrar}",)
    return (f"application:{application}", "board", *desk)


def referral_topics(application: UUID, queues: Iterable[str], agency: str) -> tuple[str, ...]:
    """Audiences of a change of one referral: its unit's queue and those above it, both boards."""
    return (
        *(f"queue:{code}" for code in queues),
        *application_topics(application),
        f"board:{agency}",
    )
