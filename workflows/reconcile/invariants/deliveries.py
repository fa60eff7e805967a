"""Deliveries to the systems of agencies: everything for them is kept for them, and somebody sends it.

Known by their tables alone: neither side imports the other.
"""

from __future__ import annotations

from workflows.reconcile.audit import invariant

# An address is told from its beginning, or from when it was last told again after it had ended. What was
# stamped around that moment may be either side of it.
UNDELIVERED = """
      FROM delivery_endpoint n
      JOIN LATERAL (
           SELECT greatest(n.created_at, max(h.pgh_created_at)
                           FILTER (WHERE h.state <> 'gone' AND h.before = 'gone')) + interval '1 minute' AS at
             FROM (SELECT pgh_created_at, state, lag(state) OVER (ORDER BY pgh_id) AS before
                     FROM delivery_endpointevent WHERE pgh_obj_id = n.id) h) since ON true
      JOIN events_stream s ON true
      JOIN events_event e ON e.position > s.floor AND e.position <= n.after AND e.at > since.at
           AND e.topics @> ARRAY['board:' || n.agency_id]::varchar[]
           AND (cardinality(n.kinds) = 0 OR e.kind = ANY(n.kinds))
     WHERE n.state <> 'gone' AND NOT EXISTS (
           SELECT FROM delivery_delivery d WHERE d.endpoint_id = n.id AND d.event_id = e.id)"""


@invariant
def event_has_its_delivery() -> str:
    """What an address was looked through for has a delivery to it, sent or waiting."""
    return f"""
        SELECT 'endpoint ' || n.id, count(*) || ' events without a delivery, the first at position '
                                             || min(e.position) {UNDELIVERED}
         GROUP BY n.id"""


@invariant
def delivery_is_tried() -> str:
    """What is to be sent to an address now is tried within an hour."""
    return """
        SELECT 'endpoint ' || n.id, 'delivery ' || d.id || ' has been due since ' || d.next_at
          FROM delivery_endpoint n JOIN (
               SELECT DISTINCT ON (endpoint_id) endpoint_id, id, next_at FROM delivery_delivery
                WHERE state = 'pending' ORDER BY endpoint_id, position, id) d ON d.endpoint_id = n.id
         WHERE n.state = 'active' AND d.next_at < now() - interval '1 hour'
           AND coalesce(n.leased_until, d.next_at) < now()"""


@invariant
def endpoint_keeps_up() -> str:
    """Every address has been looked through the journal for within ten minutes."""
    return """
        SELECT 'endpoint ' || n.id, 'looked through up to ' || n.after || ', the next is of ' || e.at
          FROM delivery_endpoint n JOIN LATERAL (
               SELECT at FROM events_event WHERE position > n.after ORDER BY position LIMIT 1) e ON true
         WHERE n.state <> 'gone' AND e.at < now() - interval '10 minutes'"""
