"""What is stored: read once, when everything is at rest. Nothing here judges."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Protocol


class House(Protocol):
    """What can be asked where the database is."""

    async def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]: ...

    async def manage(self, *command: str) -> tuple[int, str]: ...


BY_INTENT = {
    "applications": "SELECT substring(text FROM 'r-[a-z]+-[0-9]{6}'), id::text FROM intake_application",
    "people": "SELECT substring(address FROM 'r-[a-z]+-[0-9]{6}'), id::text FROM people_person",
    "contacts": "SELECT substring(notes FROM 'r-[a-z]+-[0-9]{6}'), id::text FROM intake_contact",
}
STATES = "SELECT id::text, state FROM intake_application"
REFERRALS = """
SELECT r.id::text, r.state, coalesce(u.username, '')
  FROM agencies_referral r LEFT JOIN access_user u ON u.id = r.assignee_id"""
EVENTS = """
SELECT kind, coalesce(referral, application)::text, count(*)
  FROM events_event WHERE NOT kind LIKE 'clock.%' GROUP BY 1, 2"""
# The same change told by two events: one version of one record, one kind.
TOLD_TWICE = """
SELECT kind || ' ' || coalesce(referral, application) || ' ' || version
  FROM events_event WHERE kind NOT LIKE 'clock.%' AND kind NOT LIKE 'escalation.%'
 GROUP BY kind, coalesce(referral, application), version HAVING count(*) > 1"""
POSITIONS = """
SELECT count(*), count(position), count(DISTINCT position), min(position), max(position),
       (SELECT head FROM events_stream)
  FROM events_event"""
ANSWERS = "SELECT referral_id::text, count(*) FROM agencies_answer GROUP BY 1"
FIRED_TWICE = """
SELECT 'clock ' || clock_id || ' level ' || level FROM sla_firing GROUP BY clock_id, level HAVING count(*) > 1
UNION ALL
SELECT kind || ' ' || coalesce(referral, application) || ' ' || (data ->> 'measure')
  FROM events_event WHERE kind IN ('clock.warned', 'clock.breached')
 GROUP BY kind, coalesce(referral, application), data ->> 'measure', data ->> 'level', data ->> 'due'
HAVING count(*) > 1"""
NOT_FIRED = """
SELECT 'clock ' || id || ' was to fire at ' || next_at
  FROM sla_clock WHERE next_at < now() - interval '5 s'"""
NOBODYS_TURN = """
SELECT a.id::text FROM intake_application a
 WHERE a.state IN ('registered', 'triage', 'routed', 'awaiting_confirmation') AND NOT EXISTS (
       SELECT FROM viewflow_task t WHERE t.status IN ('NEW', 'ASSIGNED') AND t.process_id IN (
              SELECT a.process_id UNION SELECT r.process_id FROM agencies_referral r
               WHERE r.application_id = a.id))"""
FOR_AGENCY = """
SELECT e.position, d.id::text FROM events_event e
  JOIN delivery_endpoint p ON p.agency_id = %s
  LEFT JOIN delivery_delivery d ON d.event_id = e.id AND d.endpoint_id = p.id
 WHERE e.topics @> ARRAY[%s::varchar] ORDER BY e.position"""


@dataclass
class Facts:
    """The database at rest. ``webhooks``: per agency, each event's position and delivery id (if any)."""

    stored: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    referrals: dict[str, tuple[str, str]] = field(default_factory=dict)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: dict[str, int] = field(default_factory=dict)
    told_twice: list[str] = field(default_factory=list)
    not_dense: list[str] = field(default_factory=list)
    fired: int = 0
    fired_twice: list[str] = field(default_factory=list)
    not_fired: list[str] = field(default_factory=list)
    nobodys_turn: list[str] = field(default_factory=list)
    reconcile: list[str] = field(default_factory=list)
    webhooks: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)


async def gather(house: House, agencies: list[str]) -> Facts:
    """Everything that the checker compares with what the clients were told."""
    facts = Facts()
    for what, statement in BY_INTENT.items():
        found: dict[str, list[str]] = defaultdict(list)
        for intent, record in await house.query(statement):
            if intent:
                found[intent].append(record)
        facts.stored[what] = dict(found)
    facts.states = dict(await house.query(STATES))
    facts.referrals = {row[0]: (row[1], row[2]) for row in await house.query(REFERRALS)}
    facts.events = Counter({(kind, record): n for kind, record, n in await house.query(EVENTS)})
    facts.answers = dict(await house.query(ANSWERS))
    facts.told_twice = [row[0] for row in await house.query(TOLD_TWICE)]
    facts.not_dense = dense(*(await house.query(POSITIONS))[0])
    facts.fired = (await house.query("SELECT count(*) FROM sla_firing"))[0][0]
    facts.fired_twice = [row[0] for row in await house.query(FIRED_TWICE)]
    facts.not_fired = [row[0] for row in await house.query(NOT_FIRED)]
    facts.nobodys_turn = [row[0] for row in await house.query(NOBODYS_TURN)]
    facts.reconcile = await _reconcile(house)
    for agency in agencies:
        rows = await house.query(FOR_AGENCY, agency, f"board:{agency}")
        facts.webhooks[agency] = [(row[0], row[1]) for row in rows]
    return facts


def dense(
    events: int, stamped: int, different: int, first: int | None, last: int | None, head: int
) -> list[str]:
    """What is wrong with the positions: each once, none left out, the head at the last."""
    found = []
    if events != stamped:
        found.append(f"{events - stamped} events without a position")
    if stamped != different:
        found.append(f"{stamped - different} positions twice")
    if first is not None and last is not None and last - first + 1 != different:
        found.append(f"{last - first + 1 - different} positions left out")
    if (last or 0) != head:
        found.append(f"the head is {head}, the last position {last}")
    return found


async def _reconcile(house: House) -> list[str]:
    _code, printed = await house.manage("reconcile", "--json")
    found = json.loads(printed)["findings"]
    return [f"{it['check']}: {it['record']} {it['detail']}" for it in found]
