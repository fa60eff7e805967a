"""The engine's rows: tasks and processes that belong together and can be read."""

from __future__ import annotations

from workflows.reconcile.audit import invariant


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


@invariant
def one_task_per_node() -> str:
    """A process stands at a node once."""
    return """
        SELECT coalesce(a.id::text, r.id::text, 'process ' || d.process_id), d.count || ' tasks at ' || d.node
          FROM (SELECT process_id, flow_task AS node, count(*) FROM viewflow_task
                 WHERE status = ANY(%(active)s) GROUP BY process_id, flow_task HAVING count(*) > 1) d
          LEFT JOIN intake_application a ON a.process_id = d.process_id
          LEFT JOIN agencies_referral r ON r.process_id = d.process_id"""


@invariant
def task_of_its_process() -> str:
    """A task lies in the process of the task that it came from, and an active one is of its flow."""
    return """
        SELECT 'task ' || t.id, 'in process ' || t.process_id || ', came from process ' || f.process_id
          FROM viewflow_task_previous l
          JOIN viewflow_task t ON t.id = l.from_task_id
          JOIN viewflow_task f ON f.id = l.to_task_id
         WHERE t.process_id <> f.process_id
        UNION ALL
        SELECT 'task ' || t.id, t.flow_task || ' in a process of ' || p.flow_class
          FROM viewflow_task t JOIN viewflow_process p ON p.id = t.process_id
         WHERE t.status = ANY(%(active)s) AND t.flow_task = ANY(%(nodes)s) AND p.flow_class = ANY(%(flows)s)
           AND NOT starts_with(t.flow_task, p.flow_class || '.')"""
