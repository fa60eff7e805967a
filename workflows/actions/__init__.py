"""What people do to a running application: every command in one place.

Each is one transaction: lock (application, then referral and process, then task), check rights
and version, change the domain, move the engine, write the events. A refusal changes nothing.
"""

from .application import annul, confirm, dispute, register, reopen, unreachable, withdraw
from .referral import accept, cancel, claim, complete, fail, reject, release, start, take_next
from .triage import triage

__all__ = [
    "accept",
    "annul",
    "cancel",
    "claim",
    "complete",
    "confirm",
    "dispute",
    "fail",
    "register",
    "reject",
    "release",
    "reopen",
    "start",
    "take_next",
    "triage",
    "unreachable",
    "withdraw",
]
