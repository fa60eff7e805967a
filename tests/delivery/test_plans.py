"""How PostgreSQL finds what to spread and what is due among much else: by one index, nothing of the rest."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from delivery import fanout, selectors
from delivery.models import Endpoint
from events import clock
from events.models import Event, Stream

pytestmark = pytest.mark.django_db
EVENTS, WAITING, ARRIVED = 100_000, 20_000, 40_000

JOURNAL = """
INSERT INTO events_event (position, kind, application, unit, version, state, reason, topics, data)
SELECT %(head)s + n, 'referral.requested', gen_random_uuid(), '', 1, 'requested', '',
       ARRAY['board', CASE WHEN n %% 50 = 0 THEN 'board:TABIB' ELSE 'board:MOH' END], '{}'
  FROM generate_series(1, %(many)s) AS n
"""
DELIVERIES = """
INSERT INTO delivery_delivery (id, endpoint_id, position, state, attempts, next_at, delivered_at, reason)
SELECT gen_random_uuid(), %(endpoint)s, %(head)s + n, %(state)s, 0, now() + %(wait)s * interval '1 hour',
       CASE WHEN %(state)s = 'delivered' THEN now() END, ''
  FROM generate_series(1, %(many)s) AS n
"""


def run(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2min'")
        cursor.execute(statement, values)


def explained(statement: str, values: Any) -> list[dict[str, Any]]:
    """The nodes of the plan that was carried out."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
        found = cursor.fetchone()[0]
    whole = found if isinstance(found, list) else json.loads(found)
    return list(_flat(whole[0]["Plan"]))


def _flat(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for below in node.get("Plans", []) for inner in _flat(below))]


def pages(nodes: list[dict[str, Any]]) -> int:
    return int(nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"])


def test_spreading_reads_a_stretch_of_the_journal_by_its_positions(
    reference: None, endpoint: Callable[..., Endpoint]
) -> None:
    to = endpoint()
    head = Stream.objects.get().head
    run(JOURNAL, head=head, many=EVENTS)
    Stream.objects.update(head=head + EVENTS)
    run("ANALYZE events_event")
    to.after = head + EVENTS // 2

    sql, values = _wanted(to)
    nodes = explained(sql, values)

    (scan,) = (node for node in nodes if node.get("Relation Name") == "events_event")
    assert scan.get("Index Name") == "events_position_once", scan["Node Type"]
    assert scan["Actual Rows"] == fanout.STRETCH // 50
    assert scan["Rows Removed by Filter"] == fanout.STRETCH - fanout.STRETCH // 50
    assert pages(nodes) < 100, "of a hundred thousand events it reads a thousand"
    print(f"fan-out: {scan['Index Name']}, {pages(nodes)} pages of {EVENTS} events")


def _wanted(to: Endpoint) -> tuple[str, Any]:
    """The very statement that ``fanout.wanted`` sends."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        assert len(fanout.wanted(to, to.after + fanout.STRETCH)) == fanout.STRETCH // 50
    return seen[0]["sql"].replace("%", "%%"), {}


def test_what_is_due_is_found_by_the_first_of_each_endpoint(
    reference: None, endpoint: Callable[..., Endpoint]
) -> None:
    ends = [endpoint(f"/ok?{n}") for n in range(5)]
    late, head = endpoint("/due", agency="TABIB"), Stream.objects.get().head
    for each in ends:
        for state, many, wait in (("delivered", ARRIVED // 5, 0), ("pending", WAITING // 5, 1)):
            run(DELIVERIES, endpoint=each.pk, head=head, state=state, many=many, wait=wait)
    run(DELIVERIES, endpoint=late.pk, head=head, state="pending", many=1000, wait=-1)
    run("ANALYZE delivery_delivery, delivery_endpoint")

    nodes = explained(selectors.DUE, {"now": clock.now()})

    assert selectors.due() == [late.pk]
    scans = [node for node in nodes if node.get("Relation Name") == "delivery_delivery"]
    assert [(it["Node Type"], it["Index Name"]) for it in scans] == [("Index Scan", "delivery_pending")]
    assert scans[0]["Actual Rows"] == 1, "one per endpoint"
    assert pages(nodes) < 60, "of sixty thousand deliveries it reads one each"
    print(f"due: {scans[0]['Index Name']}, {pages(nodes)} pages of {WAITING + ARRIVED} deliveries")


def test_the_figures_of_an_agency_cost_one_statement(
    endpoint: Callable[..., Endpoint], happen: Callable[..., list[Event]], people_at_work: Any
) -> None:
    from django.test.utils import CaptureQueriesContext

    to, _other = endpoint(), endpoint("/b", agency="YASHAT", actor=people_at_work.yashat_admin)
    first, _second, third = happen(3)
    fanout.spread(to.pk)
    to.deliveries.filter(position=third.position).update(state="dead")
    with CaptureQueriesContext(connection) as seen:
        found = {it.agency: it for it in selectors.standing()}

    assert len(seen) == 1
    assert (found["TABIB"].pending, found["TABIB"].dead, found["TABIB"].oldest) == (2, 1, first.at)
    assert (found["YASHAT"].pending, found["YASHAT"].oldest) == (0, None)
    assert [it.agency for it in selectors.standing(["YASHAT"])] == ["YASHAT"]
    assert uuid.UUID(str(to.pk)).version == 7
