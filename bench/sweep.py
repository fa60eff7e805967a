"""The yardstick of the sweep: plain psycopg finding what is due, and firing it in one statement.

It writes the rows the product writes: the clock moved on, its row on the edge of the activity with
its link, the firing, and the event.
"""

from __future__ import annotations

from typing import Any

import psycopg

FIND = (
    "SELECT id FROM sla_clock WHERE next_at <= now() ORDER BY next_at"
    " LIMIT {limit} FOR NO KEY UPDATE SKIP LOCKED"
)
FIRE = """
WITH due AS ({find}),
moved AS (
    UPDATE sla_clock AS c SET level = c.level + 1, next_at = c.instants[c.level + 2]
      FROM due WHERE c.id = due.id
    RETURNING c.id, c.levels[c.level] AS level, c.instants[c.level] AS due_at, c.measure,
              c.application_id, c.referral_id),
placed AS (
    SELECT m.*, t.id AS host, t.process_id, t.token, nextval(%(tasks)s::regclass) AS row,
           split_part(t.flow_task, '.', 2) AS flow, split_part(t.flow_task, '.', 3) AS node,
           CASE m.level WHEN 100 THEN 'breached' ELSE 'warned' END AS what,
           coalesce(r.version, a.version) AS version, coalesce(r.state, a.state) AS state, r.unit_id,
           array_remove(ARRAY['application:' || a.id, 'board', 'board:' || r.agency_id,
                              CASE WHEN r.id IS NULL THEN 'desk:' || a.registered_by_id END], NULL)
               || (SELECT array_agg('queue:' || code) FROM unnest(u.path) AS code) AS topics
      FROM moved AS m
      JOIN intake_application AS a ON a.id = m.application_id
      LEFT JOIN agencies_referral AS r ON r.id = m.referral_id
      LEFT JOIN agencies_unit AS u ON u.code = r.unit_id
      JOIN viewflow_task AS t ON t.process_id = coalesce(r.process_id, a.process_id) AND t.finished IS NULL),
rows AS (
    INSERT INTO viewflow_task (id, process_id, flow_task, flow_task_type, token, status, created, started,
                               finished, data)
    SELECT row, process_id, 'workflows/flows.' || flow || '.' || node || '_' || what, 'BOUNDARY', token,
           'DONE', due_at, now(), now(), '{{}}' FROM placed),
links AS (INSERT INTO viewflow_task_previous (from_task_id, to_task_id) SELECT row, host FROM placed),
firings AS (
    INSERT INTO sla_firing (clock_id, level, due_at, fired_at, late_detected, boundary_id, pending,
                            settlement, contest)
    SELECT id, level, due_at, now(), now() - due_at > interval '1 minute', row, level = 100, '', ''
      FROM placed),
events AS (
    INSERT INTO events_event (at, kind, application, referral, unit, version, state, reason, topics, data)
    SELECT now(), 'clock.' || what, application_id, referral_id, coalesce(unit_id, ''), version, state, '',
           topics, jsonb_build_object('measure', measure, 'level', level, 'due', due_at, 'notify', 1)
      FROM placed)
SELECT count(*) FROM placed
"""


class Sweep:
    """The same work without a framework, on a connection of its own."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        found = connection.execute("SELECT pg_get_serial_sequence('viewflow_task', 'id')").fetchone()
        self.tasks: str = found[0] if found else ""

    def find(self, limit: int, *, prepare: bool) -> list[int]:
        """In the caller's transaction."""
        found = self.connection.execute(FIND.format(limit=limit), prepare=prepare)
        return [key for (key,) in found.fetchall()]

    def fire(self, limit: int) -> int:
        """One statement that is its own transaction."""
        statement = FIRE.format(find=FIND.format(limit=limit))
        (done,) = self.connection.execute(statement, {"tasks": self.tasks}, prepare=True).fetchone() or (0,)
        return int(done)
