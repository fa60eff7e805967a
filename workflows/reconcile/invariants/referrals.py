"""Referrals: on the desk of their unit, held by somebody who may, part of their application."""

from __future__ import annotations

from workflows.reconcile.audit import invariant


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
    """Who holds an open referral owns its task, and a task that nobody holds can be taken."""
    return """
        SELECT r.id, 'held by ' || coalesce(r.assignee_id::text, 'nobody')
                     || ', task owned by ' || coalesce(t.owner_id::text, 'nobody')
          FROM agencies_referral r JOIN viewflow_task t ON t.process_id = r.process_id
         WHERE r.state = ANY(%(open_referrals)s) AND t.flow_task = %(work)s AND t.status = ANY(%(waiting)s)
           AND (r.assignee_id IS DISTINCT FROM t.owner_id
                OR (t.owner_id IS NOT NULL) <> (t.status = %(assigned)s))"""


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


@invariant
def owner_may_act() -> str:
    """Who holds an open referral or a task is active, and works for its unit or on behalf of its body."""
    return """
        SELECT r.id::text, 'held by user ' || u.id || CASE WHEN u.is_active THEN ' of another unit'
                                                           ELSE ', who is disabled' END
          FROM agencies_referral r
          JOIN agencies_unit n ON n.code = r.unit_id
          JOIN agencies_agency g ON g.code = r.agency_id
          JOIN access_user u ON u.id = r.assignee_id
         WHERE r.state = ANY(%(open_referrals)s) AND NOT (u.is_active AND (
               (u.role = ANY(%(call_centre)s) AND g.scope = 'external') OR
               (u.role = ANY(%(agency_roles)s) AND EXISTS (
                SELECT FROM agencies_membership m WHERE m.user_id = u.id AND m.unit_id = ANY(n.path)))))
        UNION ALL
        SELECT 'task ' || t.id, 'owned by user ' || u.id || ', who is disabled'
          FROM viewflow_task t JOIN access_user u ON u.id = t.owner_id
         WHERE t.status = ANY(%(waiting)s) AND t.flow_task <> %(work)s AND NOT u.is_active"""
