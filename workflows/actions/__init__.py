"""What people do to a running application: every command in one place.

Each is one transaction: lock (application, then referral and process, then task), check rights
and version, change the domain, move the engine, write the events. A refusal changes nothing.
"""

from .application import annul, confirm, dispute, register, reopen, unreachable, withdraw
from .clocks import contest, escalate, extend, recalendar, settle_escalation
from .referral import (
    accept,
    cancel,
    claim,
    complete,
    end_wait,
    fail,
    hold,
    reject,
    release,
    resume,
    start,
    take_next,
)
from .triage import triage

__all__ = [
    "accept",
    "annul",
    "cancel",
    "claim",
    "complete",
    "confirm",
    "contest",
    "dispute",
    "end_wait",
    "escalate",
    "extend",
    "fail",
    "hold",
    "recalendar",
    "register",
    "reject",
    "release",
    "reopen",
    "resume",
    "settle_escalation",
    "start",
    "take_next",
    "triage",
    "unreachable",
    "withdraw",
]
