"""How PostgreSQL finds what is due among a million clocks: it touches what is due, and nothing else.

The clocks are invented in one statement. They point at applications that do not exist (the foreign
keys are dropped inside the test's transaction, which is rolled back), because finding reads no other table.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from sla import sweep
from sla.models import Clock

pytestmark = pytest.mark.django_db

OPEN, DUE, FINISHED = 1_000_000, 1_000, 30_000

INVENT = """
INSERT INTO sla_clock (kind, measure, application_id, instance, policy_version_id, policy,
                       calendar_version_id, target, started_at, warn_at, due_at, provisional, capped,
                       stopped_at, levels, instants, level, next_at)
SELECT 'promise', 'resolution', lpad(to_hex(n), 32, '0')::uuid, 1, 1, 'ORDINARY', 1,
       '15 wd', now(), warn_at, due_at, false, false, stopped_at,
       '{75,100}', ARRAY[warn_at, due_at], CASE WHEN stopped_at IS NULL THEN 0 ELSE 2 END,
       CASE WHEN stopped_at IS NULL THEN warn_at END
  FROM (SELECT n, now() + (9999 + n) * interval '1 second' AS warn_at,
               now() + (9999 + 2 * n) * interval '1 second' AS due_at
          FROM generate_series(%(first)s::int, %(last)s::int) AS n) AS numbers,
       (SELECT CASE WHEN %(finished)s THEN now() END AS stopped_at) AS state
"""
MOVE_DUE = """
UPDATE sla_clock SET next_at = now() - id %% 1000 * interval '1 second'
 WHERE next_at IS NOT NULL AND id %% %(every)s = 0"""


def invent(first: int, last: int, *, finished: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '5min'")
        cursor.execute(INVENT, {"first": first, "last": last, "finished": finished})


def alone() -> None:
    """Without foreign keys, and without what other tests have left dead in the table and its indexes."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sla_clock CASCADE")
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'sla_clock'::regclass AND contype = 'f'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE sla_clock DROP CONSTRAINT {name}")


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sla_clock")


def measured(statement: str, **values: Any) -> list[dict[str, Any]]:
    """The nodes of the plan that was carried out, with the rows and pages each touched."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
        found = cursor.fetchone()[0]
    whole = found if isinstance(found, list) else json.loads(found)
    return list(_flat(whole[0]["Plan"]))


def _flat(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for below in node.get("Plans", []) for inner in _flat(below))]


def pages(node: dict[str, Any]) -> int:
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


def look(limit: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole plan of the sweep's search, and its scan."""
    nodes = measured(sweep.FIND.format(now=sweep.PRESENT, limit=limit))
    (scan,) = (node for node in nodes if node.get("Relation Name") == "sla_clock")
    return nodes[0], scan


def test_the_search_touches_only_what_is_due_whatever_has_finished() -> None:
    alone()
    invent(1, OPEN, finished=False)
    with connection.cursor() as cursor:
        cursor.execute(MOVE_DUE, {"every": OPEN // DUE})
    seen = []
    for first, last in ((1, FINISHED), (FINISHED + 1, 10 * FINISHED)):
        invent(OPEN + first, OPEN + last, finished=True)
        analyze()
        seen += [look(10), look(5 * DUE)]

    for whole, scan in seen:
        assert (scan["Node Type"], scan["Index Name"]) == ("Index Scan", "sla_clock_next")
        assert "next_at <=" in scan["Index Cond"]
        assert scan.get("Rows Removed by Filter", 0) == scan.get("Rows Removed by Index Recheck", 0) == 0
        assert pages(whole) <= 5 * whole["Actual Rows"] + 10, whole
    assert [scan["Actual Rows"] for _, scan in seen] == [10, DUE, 10, DUE]
    few, all_, few_later, all_later = (pages(whole) for whole, _ in seen)
    assert few_later <= few + 5
    assert all_later <= all_ + 5


def test_moving_them_on_reads_them_by_their_key() -> None:
    alone()
    invent(1, 100_000, finished=False)
    with connection.cursor() as cursor:
        cursor.execute(MOVE_DUE, {"every": 500})
    analyze()
    found = sweep.find(50)
    assert len(found) == 50

    nodes = measured(sweep.ADVANCE, now=None, found=found)

    (scan,) = (node for node in nodes if node["Node Type"].endswith("Scan"))
    assert (scan["Index Name"], scan["Actual Rows"]) == ("sla_clock_pkey", 50)
    assert Clock.objects.filter(level=1, pk__in=found).count() == 50
    assert not set(sweep.find(1000)) & set(found)
