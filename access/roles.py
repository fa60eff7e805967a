"""The roles. Plain Python."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user is; exactly one per user. What it allows stands in ``access.policy``."""

    OPERATOR = "operator"
    AGENCY_WORKER = "agency_worker"
    AGENCY_ADMIN = "agency_admin"
    SUPERVISOR = "supervisor"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"
    MACHINE = "machine"


CALL_CENTRE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
AGENCY = frozenset({Role.AGENCY_WORKER, Role.AGENCY_ADMIN, Role.MACHINE})
