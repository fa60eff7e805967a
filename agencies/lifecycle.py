"""The moves of a referral, after HL7 FHIR Task.status. Plain Python; tests walk every pair."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from events.moves import Moves


class ReferralState(StrEnum):
    """What one agency is doing about the application."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


R = ReferralState

REFERRAL = Moves(
    "referral",
    {
        R.REQUESTED: {R.ACCEPTED, R.REJECTED, R.CANCELLED},
        R.ACCEPTED: {R.IN_PROGRESS, R.CANCELLED},
        R.IN_PROGRESS: {R.ON_HOLD, R.COMPLETED, R.FAILED, R.CANCELLED},
        R.ON_HOLD: {R.IN_PROGRESS, R.COMPLETED, R.FAILED, R.CANCELLED},
        R.COMPLETED: set(),
        R.FAILED: set(),
        R.REJECTED: set(),
        R.CANCELLED: set(),
    },
)

OPEN = frozenset({R.REQUESTED, R.ACCEPTED, R.IN_PROGRESS, R.ON_HOLD})
ANSWERED = frozenset({R.COMPLETED, R.FAILED})


class JoinPolicy(StrEnum):
    """When the application as a whole is answered."""

    ALL = "all"
    LEAD = "lead"
    ANY = "any"


def path(state: R, target: R) -> list[R]:
    """The legal steps from ``state`` to ``target``: answering or waiting at once walks accepted, in_progress.

    Raises ``IllegalMove`` when the table has no way that only goes forward.
    """
    forward = [R.REQUESTED, R.ACCEPTED, R.IN_PROGRESS]
    steps = forward[forward.index(state) + 1 :] if state in forward else []
    if target in steps:
        return steps[: steps.index(target) + 1]
    if (target in ANSWERED and state in OPEN) or (target == R.ON_HOLD and state in forward):
        return [*steps, target]
    REFERRAL.check(state, target)
    return [target]


def policy_met(policy: JoinPolicy, parts: Iterable[tuple[bool, R]]) -> bool:
    """Is the application answered? ``parts`` are (is lead, state) of the referrals that still count."""
    parts = list(parts)
    match policy:
        case JoinPolicy.ALL:
            return all(state not in OPEN for _, state in parts)
        case JoinPolicy.LEAD:
            leads = [state for lead, state in parts if lead]
            return any(s in ANSWERED for s in leads) if leads else all(s not in OPEN for _, s in parts)
        case JoinPolicy.ANY:
            return any(state == R.COMPLETED for _, state in parts) or all(s not in OPEN for _, s in parts)
