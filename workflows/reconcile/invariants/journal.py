"""The journal: it tells what is so, to whom it concerns, in an order without gaps."""

from __future__ import annotations

from workflows.reconcile.audit import invariant


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


@invariant
def event_audience() -> str:
    """The newest event of an application or referral is addressed to those whom it concerns."""
    return """
        SELECT a.id, 'told to ' || e.topics::text
          FROM intake_application a JOIN LATERAL (
               SELECT e.topics FROM events_event e
                WHERE e.application = a.id AND e.referral IS NULL AND NOT e.kind LIKE 'clock.%%'
                ORDER BY e.id DESC LIMIT 1) e ON true
         WHERE NOT e.topics @> ARRAY['application:' || a.id, 'board']::varchar[]
        UNION ALL
        SELECT r.id, 'told to ' || e.unit || ' and ' || e.topics::text
          FROM agencies_referral r JOIN LATERAL (
               SELECT e.topics, e.unit FROM events_event e
                WHERE e.application = r.application_id AND e.referral = r.id AND NOT e.kind LIKE 'clock.%%'
                ORDER BY e.id DESC LIMIT 1) e ON true
         WHERE e.unit <> r.unit_id OR NOT e.topics @> ARRAY['application:' || r.application_id,
               'board', 'board:' || r.agency_id, 'queue:' || r.unit_id]::varchar[]"""


@invariant
def positions_are_dense() -> str:
    """The positions behind the floor are without a gap up to the head."""
    return """
        SELECT 'stream', 'from ' || s.floor || ' to ' || s.head || ' there are ' || e.count
                         || ' events, the highest at ' || coalesce(e.highest::text, 'none')
          FROM events_stream s, LATERAL (
               SELECT count(*) FILTER (WHERE position > s.floor) AS count, max(position) AS highest
                 FROM events_event WHERE position IS NOT NULL) e
         WHERE s.head - s.floor <> e.count OR e.highest > s.head"""
