"""Does everything agree? Invariants across application, referral, engine, clock and journal.

Each invariant is one function: its docstring says what holds, its statement finds the records for
which it does not, as (record, detail). One statement each, so that each sees one moment; a check that
cannot run is a finding and stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from viewflow.workflow.fields import get_flow_ref, get_task_ref
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from agencies.lifecycle import OPEN as OPEN_REFERRAL
from agencies.models import Referral
from events import clock
from intake import services as intake
from intake.lifecycle import OPEN as OPEN_APPLICATION
from intake.models import Application
from sla.models import Clock

from .flows import ApplicationFlow, ReferralFlow
from .nodes import resume
from .steps import SUPERVISOR, TRIAGE

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
    return [finding for name in (checks or INVARIANTS) for finding in _findings(name)]


def checked() -> int:
    """How many records were looked at: applications and referrals."""
    return Application.objects.count() + Referral.objects.count()


def _findings(name: str) -> list[Finding]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MANNERS)
            cursor.execute(f"{INVARIANTS[name]()} LIMIT {LIMIT}", words())
            return [Finding(name, str(record), str(detail)) for record, detail in cursor.fetchall()]
    except DatabaseError as error:
        return [Finding(name, "", f"the check could not run: {type(error).__name__}")]


@cache
def words() -> dict[str, Any]:
    """The states and nodes the statements speak of."""
    nodes = [node for flow in FLOWS for node in flow.instance.nodes()]
    return {
        "open_applications": sorted(OPEN_APPLICATION),
        "open_referrals": sorted(OPEN_REFERRAL),
        "waiting": [STATUS.NEW, STATUS.ASSIGNED],
        "active": [STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED, STATUS.SCHEDULED],
        "started": STATUS.STARTED,
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
        "supervisor_queue": SUPERVISOR,
    }


# --- applications ---------------------------------------------------------------------------------------


@invariant
def application_process() -> str:
    """An open application has a running process of its flow."""
    return """
        SELECT a.id, 'state ' || a.state || ', process ' || coalesce(p.status, 'missing')
          FROM intake_application a LEFT JOIN viewflow_process p ON p.id = a.process_id
         WHERE a.state = ANY(%(open_applications)s)
           AND (p.id IS NULL OR p.finished IS NOT NULL OR p.flow_class <> %(application_flow)s)"""


@invariant
def application_task() -> str:
    """The running process of an open application has a task that is somebody's turn or waits for children."""
    return """
        SELECT a.id, 'no active task in process ' || a.process_id
          FROM intake_application a JOIN viewflow_process p ON p.id = a.process_id AND p.finished IS NULL
         WHERE a.state = ANY(%(open_applications)s) AND NOT EXISTS (
               SELECT FROM viewflow_task t WHERE t.process_id = p.id AND t.status = ANY(%(active)s))"""


@invariant
def routed_is_worked_on() -> str:
    """A routed application has an open referral, or a returned one that waits for another unit."""
    return """
        SELECT a.id, 'nobody is asked'
          FROM intake_application a
         WHERE a.state = 'routed' AND NOT EXISTS (
               SELECT FROM agencies_referral r
                WHERE r.application_id = a.id AND r.state = ANY(%(open_referrals)s)) AND NOT EXISTS (
               SELECT FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
                WHERE r.application_id = a.id AND t.flow_task = %(reroute)s
                  AND t.status = ANY(%(waiting)s))"""


@invariant
def triage_is_on_the_desk() -> str:
    """An application in triage waits there, itself or with a returned referral."""
    return """
        SELECT a.id, 'not on the triage desk'
          FROM intake_application a
         WHERE a.state = 'triage' AND NOT EXISTS (
               SELECT FROM viewflow_task t
                WHERE t.process_id = a.process_id AND t.flow_task = %(triage)s
                  AND t.status = ANY(%(waiting)s)) AND NOT EXISTS (
               SELECT FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
                WHERE r.application_id = a.id AND t.flow_task = %(reroute)s
                  AND t.status = ANY(%(waiting)s))"""


@invariant
def answered_waits_for_confirmation() -> str:
    """An answered application has its confirmation call on the desk."""
    return """
        SELECT a.id, 'no confirmation task'
          FROM intake_application a
         WHERE a.state = 'awaiting_confirmation' AND NOT EXISTS (
               SELECT FROM viewflow_task t
                WHERE t.process_id = a.process_id AND t.flow_task = %(confirm)s
                  AND t.status = ANY(%(waiting)s))"""


@invariant
def closed_is_over() -> str:
    """An application that is over has no open referral and no running process."""
    return """
        SELECT a.id, 'state ' || a.state || ', still open: ' || o.what
          FROM intake_application a JOIN LATERAL (
               SELECT 'referral ' || r.id AS what FROM agencies_referral r
                WHERE r.application_id = a.id AND r.state = ANY(%(open_referrals)s)
               UNION ALL
               SELECT 'process ' || p.id FROM viewflow_process p
                WHERE p.id = a.process_id AND p.finished IS NULL
               UNION ALL
               SELECT 'process ' || p.id
                 FROM agencies_referral r JOIN viewflow_process p ON p.id = r.process_id
                WHERE r.application_id = a.id AND p.finished IS NULL) o ON true
         WHERE NOT a.state = ANY(%(open_applications)s)"""


@invariant
def somebody_leads() -> str:
    """An application that was referred has had a lead."""
    return """
        SELECT r.application_id, count(*) || ' referrals, none of them leads'
          FROM agencies_referral r GROUP BY r.application_id HAVING NOT bool_or(r.is_lead)"""


@invariant
def one_leads() -> str:
    """An application has one open lead at most."""
    return """
        SELECT r.application_id, count(*) || ' open leads'
          FROM agencies_referral r
         WHERE r.is_lead AND r.state = ANY(%(open_referrals)s)
         GROUP BY r.application_id HAVING count(*) > 1"""


# --- referrals ------------------------------------------------------------------------------------------


@invariant
def referral_process() -> str:
    """An open referral has a running process of its flow."""
    return """
        SELECT r.id, 'state ' || r.state || ', process ' || coalesce(p.status, 'missing')
          FROM agencies_referral r LEFT JOIN viewflow_process p ON p.id = r.process_id
         WHERE r.state = ANY(%(open_referrals)s)
           AND (p.id IS NULL OR p.finished IS NOT NULL OR p.flow_class <> %(referral_flow)s)"""


@invariant
def referral_task() -> str:
    """An open referral is on its unit's desk: its process has a waiting work task."""
    return """
        SELECT r.id, 'no work task in process ' || r.process_id
          FROM agencies_referral r JOIN viewflow_process p ON p.id = r.process_id AND p.finished IS NULL
         WHERE r.state = ANY(%(open_referrals)s) AND NOT EXISTS (
               SELECT FROM viewflow_task t
                WHERE t.process_id = p.id AND t.flow_task = %(work)s AND t.status = ANY(%(waiting)s))"""


@invariant
def finished_leaves_the_desk() -> str:
    """A finished referral has no waiting work task."""
    return """
        SELECT r.id, 'state ' || r.state || ', task ' || t.id || ' waits'
          FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
         WHERE NOT r.state = ANY(%(open_referrals)s)
           AND t.flow_task = %(work)s AND t.status = ANY(%(waiting)s)"""


@invariant
def child_of_its_application() -> str:
    """An open referral's process belongs to the running process of its application."""
    return """
        SELECT r.id, 'process ' || r.process_id || ' is not below process ' || a.process_id
          FROM agencies_referral r
          JOIN intake_application a ON a.id = r.application_id
          JOIN viewflow_process p ON p.id = r.process_id
          LEFT JOIN viewflow_task parent ON parent.id = p.parent_task_id
         WHERE r.state = ANY(%(open_referrals)s) AND parent.process_id IS DISTINCT FROM a.process_id"""


@invariant
def task_owner() -> str:
    """Who holds an open referral owns its task."""
    return """
        SELECT r.id, 'held by ' || coalesce(r.assignee_id::text, 'nobody')
                     || ', task owned by ' || coalesce(t.owner_id::text, 'nobody')
          FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
         WHERE r.state = ANY(%(open_referrals)s) AND t.flow_task = %(work)s AND t.status = ANY(%(waiting)s)
           AND r.assignee_id IS DISTINCT FROM t.owner_id"""


@invariant
def task_queue() -> str:
    """A work task lies in its unit's queue, a returned one with triage, an escalation with supervisors."""
    return """
        SELECT r.id, 'of ' || r.unit_id || ', task in ' || coalesce(t.owner_permission, 'no queue')
          FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
         WHERE t.status = ANY(%(waiting)s) AND t.owner_permission IS DISTINCT FROM
               CASE WHEN t.flow_task = %(work)s THEN 'queue:' || r.unit_id
                    WHEN t.flow_task = ANY(%(escalations)s) THEN %(supervisor_queue)s
                    ELSE %(triage_queue)s END"""


@invariant
def referral_agency() -> str:
    """A referral's agency is its unit's."""
    return """
        SELECT r.id, 'agency ' || r.agency_id || ', unit ' || u.code || ' of ' || u.agency_id
          FROM agencies_referral r JOIN agencies_unit u ON u.code = r.unit_id
         WHERE r.agency_id <> u.agency_id"""


# --- the engine -----------------------------------------------------------------------------------------


@invariant
def parent_goes_on() -> str:
    """A process that waits for its children has at least one unfinished child."""
    return """
        SELECT coalesce(a.id::text, 'process ' || t.process_id), 'task ' || t.id || ' waits for nobody'
          FROM viewflow_task t LEFT JOIN intake_application a ON a.process_id = t.process_id
         WHERE t.flow_task = %(refer)s AND t.status = %(started)s AND NOT EXISTS (
               SELECT FROM viewflow_process child
                WHERE child.parent_task_id = t.id AND child.finished IS NULL)"""


@invariant
def process_has_an_owner() -> str:
    """A running process is an application's or a referral's."""
    return """
        SELECT 'process ' || p.id, p.flow_class || ' of nothing'
          FROM viewflow_process p
         WHERE p.finished IS NULL
           AND NOT EXISTS (SELECT FROM intake_application a WHERE a.process_id = p.id)
           AND NOT EXISTS (SELECT FROM agencies_referral r WHERE r.process_id = p.id)"""


@invariant
def finished_process_is_over() -> str:
    """A finished process has no active task."""
    return """
        SELECT 'process ' || p.id, p.status || ', task ' || t.id || ' is ' || t.status
          FROM viewflow_task t JOIN viewflow_process p ON p.id = t.process_id
         WHERE t.status = ANY(%(active)s) AND p.finished IS NOT NULL"""


@invariant
def known_flow() -> str:
    """Every stored process is of a flow that exists."""
    return """
        SELECT 'process ' || p.id, coalesce(p.flow_class, 'none')
          FROM viewflow_process p WHERE p.flow_class IS NULL OR NOT p.flow_class = ANY(%(flows)s)"""


@invariant
def known_node() -> str:
    """Every stored task is of a node that exists."""
    return """
        SELECT 'task ' || t.id, coalesce(t.flow_task, 'none')
          FROM viewflow_task t WHERE t.flow_task IS NULL OR NOT t.flow_task = ANY(%(nodes)s)"""


@invariant
def no_task_failed() -> str:
    """No task is in error: a failing step rolls its command back instead."""
    return """
        SELECT 'task ' || t.id, t.flow_task FROM viewflow_task t WHERE t.status = %(error)s"""


@invariant
def engine_holds_no_facts() -> str:
    """Neither a task nor a process carries data: facts, and persons above all, live in the domain."""
    return """
        SELECT 'task ' || t.id, t.flow_task FROM viewflow_task t WHERE t.data <> '{}'
        UNION ALL
        SELECT 'process ' || p.id, p.flow_class FROM viewflow_process p WHERE p.data <> '{}'"""


# --- time -----------------------------------------------------------------------------------------------


@invariant
def clock_stops() -> str:
    """What is over has no running clock."""
    return """
        SELECT coalesce(c.referral_id, c.application_id), c.kind || ' ' || c.id || ' runs on'
          FROM sla_clock c
          JOIN intake_application a ON a.id = c.application_id
          LEFT JOIN agencies_referral r ON r.id = c.referral_id
         WHERE c.stopped_at IS NULL AND NOT CASE WHEN r.id IS NULL THEN a.state = ANY(%(open_applications)s)
                                                 ELSE r.state = ANY(%(open_referrals)s) END"""


@invariant
def clock_runs() -> str:
    """What is open has a running clock."""
    return """
        SELECT a.id, 'no running promise' FROM intake_application a
         WHERE a.state = ANY(%(open_applications)s) AND NOT EXISTS (
               SELECT FROM sla_clock c
                WHERE c.application_id = a.id AND c.measure = 'resolution' AND c.stopped_at IS NULL)
        UNION ALL
        SELECT r.id, 'no running share' FROM agencies_referral r
         WHERE r.state = ANY(%(open_referrals)s) AND NOT EXISTS (
               SELECT FROM sla_clock c
                WHERE c.referral_id = r.id AND c.measure = 'resolve' AND c.stopped_at IS NULL)"""


@invariant
def due_copy() -> str:
    """The due instant in lists is the one of the running clock."""
    return """
        SELECT a.id, 'list ' || coalesce(a.due_at::text, 'none') || ', clock ' || c.due_at
          FROM sla_clock c JOIN intake_application a ON a.id = c.application_id
         WHERE c.stopped_at IS NULL AND c.measure = 'resolution'
           AND (a.due_at, a.warn_at) IS DISTINCT FROM (c.due_at, c.warn_at)
        UNION ALL
        SELECT r.id, 'list ' || coalesce(r.due_at::text, 'none') || ', clock ' || c.due_at
          FROM sla_clock c JOIN agencies_referral r ON r.id = c.referral_id
         WHERE c.stopped_at IS NULL AND c.measure = 'resolve'
           AND (r.due_at, r.warn_at) IS DISTINCT FROM (c.due_at, c.warn_at)"""


@invariant
def fired_levels() -> str:
    """A clock has fired the levels that it counts, one after the other."""
    return """
        SELECT coalesce(c.referral_id, c.application_id), c.measure || ' counts '
                     || c.level || ' of ' || c.levels::text || ', fired ' || coalesce(f.levels::text, 'none')
          FROM sla_clock c LEFT JOIN (
               SELECT clock_id, array_agg(level ORDER BY id) AS levels
                 FROM sla_firing GROUP BY clock_id) f ON f.clock_id = c.id
         WHERE coalesce(f.levels, '{}') IS DISTINCT FROM c.levels[1:c.level]"""


@invariant
def next_level() -> str:
    """A running clock says when its next level comes, and nothing when there is none."""
    return """
        SELECT coalesce(c.referral_id, c.application_id), c.measure || ' after level ' || c.level || ' says '
                     || coalesce(c.next_at::text, 'nothing') || ' of ' || c.instants::text
          FROM sla_clock c
         WHERE c.stopped_at IS NULL AND (c.next_at, c.due_at) IS DISTINCT FROM
               (c.instants[c.level + 1], c.instants[cardinality(c.levels)])"""


@invariant
def somebody_sweeps() -> str:
    """A level fires within a minute of its instant."""
    return """
        SELECT coalesce(c.referral_id, c.application_id), c.measure || ' was due to fire at ' || c.next_at
          FROM sla_clock c WHERE c.next_at < now() - interval '1 minute'"""


@invariant
def breach_is_followed_up() -> str:
    """What a breach leads to is done within five minutes."""
    return """
        SELECT coalesce(c.referral_id, c.application_id), c.measure || ' fired at ' || f.fired_at
          FROM sla_firing f JOIN sla_clock c ON c.id = f.clock_id
         WHERE f.pending AND f.fired_at < now() - interval '5 minutes'"""


@invariant
def boundary_of_its_process() -> str:
    """The row of a level that fired is done, and in the process of what its clock is of."""
    return """
        SELECT coalesce(c.referral_id, c.application_id),
               c.measure || ' ' || f.level || ', task ' || t.id || ' ' || t.status
          FROM sla_firing f
          JOIN viewflow_task t ON t.id = f.boundary_id
          JOIN sla_clock c ON c.id = f.clock_id
          JOIN intake_application a ON a.id = c.application_id
          LEFT JOIN agencies_referral r ON r.id = c.referral_id
         WHERE t.status <> %(done)s OR CASE
               WHEN r.id IS NOT NULL THEN t.process_id IS DISTINCT FROM r.process_id
               ELSE c.stopped_at IS NULL AND t.process_id IS DISTINCT FROM a.process_id END"""


@invariant
def escalation_of_a_breach() -> str:
    """An escalation waits exactly as long as its breach is not settled, in a running process."""
    return """
        SELECT 'task ' || t.id, CASE WHEN p.finished IS NOT NULL THEN 'process ' || p.id || ' is over'
                                     ELSE 'breach ' || coalesce(f.id::text, 'unknown or settled') END
          FROM viewflow_task t
          JOIN viewflow_process p ON p.id = t.process_id
          LEFT JOIN sla_firing f ON f.task_id = t.id AND f.settled_at IS NULL
         WHERE t.flow_task = ANY(%(escalations)s) AND t.status = ANY(%(waiting)s)
           AND (f.id IS NULL OR p.finished IS NOT NULL)
        UNION ALL
        SELECT 'task ' || t.id, 'breach ' || f.id || ' is settled, the task ' || t.status
          FROM sla_firing f JOIN viewflow_task t ON t.id = f.task_id
         WHERE f.settled_at IS NOT NULL AND t.status <> %(done)s"""


@invariant
def held_while_a_hold_is_open() -> str:
    """A referral is on hold exactly while a wait of it is open."""
    return """
        SELECT r.id, 'state ' || r.state || ', hold ' || coalesce(h.id::text, 'none')
          FROM agencies_referral r
          LEFT JOIN agencies_hold h ON h.referral_id = r.id AND h.ended_at IS NULL
         WHERE (r.state = 'on_hold') <> (h.id IS NOT NULL)"""


# --- the journal ----------------------------------------------------------------------------------------


@invariant
def application_event() -> str:
    """The newest event of an application tells its present state and version.

    Those of clocks do not count: time takes no lock, so that what it tells may be a moment older.
    """
    return """
        SELECT a.id, 'is ' || a.state || ' ' || a.version
                     || ', told ' || coalesce(e.state || ' ' || e.version, 'nothing')
          FROM intake_application a LEFT JOIN LATERAL (
               SELECT e.state, e.version FROM events_event e
                WHERE e.application = a.id AND e.referral IS NULL AND NOT e.kind LIKE 'clock.%%'
                ORDER BY e.id DESC LIMIT 1) e ON true
         WHERE (e.state, e.version) IS DISTINCT FROM (a.state, a.version)"""


@invariant
def referral_event() -> str:
    """The newest event of a referral tells its present state and version."""
    return """
        SELECT r.id, 'is ' || r.state || ' ' || r.version
                     || ', told ' || coalesce(e.state || ' ' || e.version, 'nothing')
          FROM agencies_referral r LEFT JOIN LATERAL (
               SELECT e.state, e.version FROM events_event e
                WHERE e.application = r.application_id AND e.referral = r.id AND NOT e.kind LIKE 'clock.%%'
                ORDER BY e.id DESC LIMIT 1) e ON true
         WHERE (e.state, e.version) IS DISTINCT FROM (r.state, r.version)"""


@invariant
def event_is_stamped() -> str:
    """The relay gives every event its position within a minute."""
    return """
        SELECT 'event ' || e.id, e.kind || ' of ' || e.at
          FROM events_event e WHERE e.position IS NULL AND e.at < now() - interval '1 minute'"""


@invariant
def accepted_key_has_its_result() -> str:
    """An accepted Idempotency-Key names the record it produced."""
    return """
        SELECT 'key ' || c.id, c.operation || ' of ' || c.at
          FROM events_command c WHERE c.result = '' AND c.at < now() - interval '1 minute'"""


# --- repair ---------------------------------------------------------------------------------------------


def repair() -> Iterator[Finding]:
    """Put right what can be put right without a decision; yields what was done.

    Everything else is for a person: an event that was not told, for instance, cannot be told truthfully.
    """
    for name, mend in REPAIRS.items():
        for finding in _findings(name):
            if finding.record and mend(finding.record):
                yield finding


@transaction.atomic
def _copy_due(record: str) -> bool:
    for row in Clock.objects.filter(stopped_at=None, measure="resolution", application=UUID(record)):
        Application.objects.filter(pk=record).update(due_at=row.due_at, warn_at=row.warn_at)
    for row in Clock.objects.filter(stopped_at=None, measure="resolve", referral=UUID(record)):
        Referral.objects.filter(pk=record).update(due_at=row.due_at, warn_at=row.warn_at)
    return True


@transaction.atomic
def _stop_clock(record: str) -> bool:
    """Stop it when its record ended, or now where that is not known."""
    own = Clock.objects.filter(stopped_at=None, referral=None, application=UUID(record))
    shares = Clock.objects.filter(stopped_at=None, referral=UUID(record))
    for row in [*own.select_related("application"), *shares.select_related("referral")]:
        ended = row.referral.finished_at if row.referral else row.application.closed_at
        row.stopped_at, row.next_at, row.paused_until = ended or clock.now(), None, None
        row.save(update_fields=["stopped_at", "next_at", "paused_until"])
    return True


@transaction.atomic
def _wake_parent(record: str) -> bool:
    """Let the waiting process of this application look at its children again."""
    if record.startswith("process"):  # nobody's process: to be looked at by a person
        return False
    process = intake.lock(UUID(record)).process
    waiting = Task.objects.filter(process=process, flow_task=ApplicationFlow.refer, status=STATUS.STARTED)
    for task in waiting:
        resume(task.pk)
    return True


REPAIRS: dict[str, Callable[[str], bool]] = {
    "due-copy": _copy_due,
    "clock-stops": _stop_clock,
    "parent-goes-on": _wake_parent,
}
