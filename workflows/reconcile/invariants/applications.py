"""Applications: where they stand, who leads, and whose turn it is."""

from __future__ import annotations

from workflows.reconcile.audit import invariant


@invariant
def known_state() -> str:
    """An application or referral is in a state that exists, and no application stays just registered."""
    return """
        SELECT a.id, 'application in state ' || a.state
          FROM intake_application a WHERE a.state = 'registered' OR NOT a.state = ANY(%(application_states)s)
        UNION ALL
        SELECT r.id, 'referral in state ' || r.state
          FROM agencies_referral r WHERE NOT r.state = ANY(%(referral_states)s)"""


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


@invariant
def open_has_a_lead() -> str:
    """Where a part is open, one of the parts that count leads, or its lead was taken away on purpose."""
    return """
        SELECT r.application_id, 'none of ' || count(*) || ' parts leads'
          FROM agencies_referral r LEFT JOIN agencies_referral later ON later.replaces_id = r.id
         WHERE later.id IS NULL
         GROUP BY r.application_id
        HAVING bool_or(r.state = ANY(%(open_referrals)s)) AND NOT bool_or(r.is_lead)"""


@invariant
def confirmation_has_an_answer() -> str:
    """An application that waits for confirmation was answered, and nothing of it is open any more."""
    return """
        SELECT a.id, CASE WHEN coalesce(r.open, false) THEN 'a part is still open' ELSE 'nobody answered' END
          FROM intake_application a LEFT JOIN (
               SELECT r.application_id, bool_or(r.state = ANY(%(open_referrals)s)) AS open,
                      bool_or(later.id IS NULL AND (r.state = ANY(%(answered)s) OR
                              (r.state = 'rejected' AND w.effect = 'not_eligible'))) AS answered
                 FROM agencies_referral r
                 LEFT JOIN agencies_referral later ON later.replaces_id = r.id
                 LEFT JOIN agencies_reason w ON w.code = r.reason_id
                GROUP BY r.application_id) r ON r.application_id = a.id
         WHERE a.state = 'awaiting_confirmation' AND (r.answered IS NOT TRUE OR r.open)"""


@invariant
def application_queue() -> str:
    """What waits of an application lies where it is seen: triage, the desk, or with supervisors."""
    return """
        SELECT a.id, 'task ' || t.id || ' in ' || coalesce(t.owner_permission, 'no queue')
          FROM intake_application a JOIN viewflow_task t ON t.process_id = a.process_id
         WHERE t.status = ANY(%(waiting)s) AND t.owner_permission IS DISTINCT FROM
               CASE WHEN t.flow_task = %(triage)s THEN %(triage_queue)s
                    WHEN t.flow_task = %(confirm)s THEN %(desk_queue)s
                    WHEN t.flow_task = ANY(%(escalations)s) THEN %(supervisor_queue)s
                    ELSE t.owner_permission END"""
