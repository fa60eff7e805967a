"""Clocks: they run while what they are of is open, fire once, and lead to what policy says."""

from __future__ import annotations

from workflows.reconcile.audit import invariant


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
    """An escalation waits exactly as long as its breach is not settled and its process runs."""
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
         WHERE f.settled_at IS NOT NULL AND t.status <> %(done)s
        UNION ALL
        SELECT 'breach ' || f.id, 'is not settled, task ' || t.id || ' ' || t.status
          FROM sla_firing f
          JOIN sla_clock c ON c.id = f.clock_id
          JOIN viewflow_task t ON t.id = f.task_id
          JOIN intake_application a ON a.id = c.application_id
          LEFT JOIN agencies_referral r ON r.id = c.referral_id
          JOIN viewflow_process p ON p.id = CASE WHEN r.id IS NULL THEN a.process_id ELSE r.process_id END
         WHERE f.settled_at IS NULL AND p.finished IS NULL AND NOT t.status = ANY(%(waiting)s)
           AND (t.process_id = p.id OR r.id IS NOT NULL OR c.stopped_at IS NULL)"""


@invariant
def held_while_a_hold_is_open() -> str:
    """A referral is on hold exactly while a wait of it is open."""
    return """
        SELECT r.id, 'state ' || r.state || ', hold ' || coalesce(h.id::text, 'none')
          FROM agencies_referral r
          LEFT JOIN agencies_hold h ON h.referral_id = r.id AND h.ended_at IS NULL
         WHERE (r.state = 'on_hold') <> (h.id IS NOT NULL)"""


@invariant
def hold_ends() -> str:
    """A wait ends within a minute of its planned end."""
    return """
        SELECT h.referral_id, 'hold ' || h.id || ' should have ended at ' || h.until
          FROM agencies_hold h
         WHERE h.ended_at IS NULL AND h.until < now() - interval '1 minute'"""
