"""How the audit asks: one statement per invariant, so that each sees one moment.

An invariant is a function: its docstring says what holds, its statement finds the records for which it
does not, as (record, detail). A check that cannot run is a finding and stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DatabaseError, connection, transaction
from viewflow.workflow.fields import get_flow_ref, get_task_ref
from viewflow.workflow.status import STATUS

from access.roles import AGENCY, CALL_CENTRE
from agencies.lifecycle import ANSWERED, ReferralState
from agencies.lifecycle import OPEN as OPEN_REFERRAL
from agencies.models import Referral
from intake.lifecycle import OPEN as OPEN_APPLICATION
from intake.lifecycle import ApplicationState
from intake.models import Application
from workflows.flows import ApplicationFlow, ReferralFlow
from workflows.steps import DESK, SUPERVISOR, TRIAGE

FLOWS = (ApplicationFlow, ReferralFlow)
LIMIT = 1000  # findings per check; more of the same say nothing new
# Per statement: the audit may read everything, a command never does. It reads in passes: a plan that takes
# tables for small, because statistics lag behind a burst of work, would look up every row for every other.
MANNERS = "SET LOCAL statement_timeout = '120s'; SET LOCAL enable_nestloop = off"

Statement = Callable[[], str]
INVARIANTS: dict[str, Statement] = {}


@dataclass(frozen=True)
class Finding:
    """One record for which an invariant does not hold."""

    check: str
    record: str
    detail: str


def invariant(statement: Statement) -> Statement:
    """Register a statement under its name, written with dashes."""
    INVARIANTS[statement.__name__.replace("_", "-")] = statement
    return statement


def run(checks: Iterable[str] | None = None) -> list[Finding]:
    """Check all invariants, or those named."""
    return [finding for name in (checks or INVARIANTS) for finding in findings(name)]


def checked() -> int:
    """How many records were looked at: applications and referrals."""
    return Application.objects.count() + Referral.objects.count()


def findings(name: str, limit: int = LIMIT) -> list[Finding]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MANNERS)
            cursor.execute(f"{INVARIANTS[name]()} LIMIT {limit:d}", words())
            return [Finding(name, str(record), str(detail)) for record, detail in cursor.fetchall()]
    except DatabaseError as error:
        return [Finding(name, "", f"the check could not run: {type(error).__name__}")]


@cache
def words() -> dict[str, Any]:
    """The states and nodes the statements speak of."""
    nodes = [node for flow in FLOWS for node in flow.instance.nodes()]
    return {
        "application_states": [str(state) for state in ApplicationState],
        "referral_states": [str(state) for state in ReferralState],
        "open_applications": sorted(OPEN_APPLICATION),
        "open_referrals": sorted(OPEN_REFERRAL),
        "answered": sorted(ANSWERED),
        "agency_roles": sorted(AGENCY),
        "call_centre": sorted(CALL_CENTRE),
        "waiting": [STATUS.NEW, STATUS.ASSIGNED],
        "active": [STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED, STATUS.SCHEDULED],
        "started": STATUS.STARTED,
        "assigned": STATUS.ASSIGNED,
        "error": STATUS.ERROR,
        "done": STATUS.DONE,
        "application_flow": get_flow_ref(ApplicationFlow),
        "referral_flow": get_flow_ref(ReferralFlow),
        "flows": [get_flow_ref(flow) for flow in FLOWS],
        "nodes": [get_task_ref(node) for node in nodes],
        "triage": get_task_ref(ApplicationFlow.triage),
        "refer": get_task_ref(ApplicationFlow.refer),
        "confirm": get_task_ref(ApplicationFlow.confirm),
        "work": get_task_ref(ReferralFlow.work),
        "reroute": get_task_ref(ReferralFlow.reroute),
        "escalations": [get_task_ref(flow.escalation) for flow in FLOWS],
        "triage_queue": TRIAGE,
        "desk_queue": DESK,
        "supervisor_queue": SUPERVISOR,
    }
