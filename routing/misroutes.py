"""What came back as misrouted, turned into proposals for a rule. A person decides on them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from events import clock

from . import past
from .rules.book import Document, compile_book, rows_of

LEAST = 5  # referrals that came back before anything is proposed [D]
SHARE = 0.3  # of those the rules sent that way [D]

# Referrals the rules asked for, with the unit that took over in the end of those that came back as not ours.
WAYS = """
WITH RECURSIVE chain AS (
    SELECT r.id, r.id AS first, r.unit_id AS unit, r.state FROM agencies_referral r
     WHERE r.replaces_id IS NULL AND r.requested_at >= %(since)s
    UNION ALL
    SELECT r.id, c.first, r.unit_id, r.state FROM agencies_referral r JOIN chain c ON r.replaces_id = c.id
), ends AS (
    SELECT DISTINCT ON (first) first, unit, state FROM chain ORDER BY first, id DESC
)
SELECT f.subtopic_id, f.unit_id, d.facts ->> 'region', count(*),
       CASE WHEN f.state = 'rejected' AND why.effect = 'triage' AND e.state <> 'rejected'
            THEN nullif(e.unit, f.unit_id) END
  FROM ends e JOIN agencies_referral f ON f.id = e.first
  JOIN routing_decision d ON d.application_id = f.application_id AND d.source = 'rules' AND d.lead <> ''
  LEFT JOIN agencies_reason why ON why.code = f.reason_id
 GROUP BY 1, 2, 3, 5
"""


@dataclass(frozen=True)
class Proposal:
    """Of ``sent`` referrals on a subtopic to ``unit``, ``returned`` ended at ``instead``.

    ``regions`` are those they came from, when the others do not come back; empty: everywhere.
    """

    subtopic: str
    unit: str
    instead: str
    sent: int
    returned: int
    regions: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        return self.returned / self.sent


def proposals(days: int) -> list[Proposal]:
    """What the returns of the last ``days`` days speak for, the most frequent first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(WAYS, {"since": clock.now() - timedelta(days=days)})
        found = weigh(cursor.fetchall())
    return sorted(found, key=lambda it: -it.returned)


Way = tuple[str, str, str | None, int, str | None]  # subtopic, unit, region, how many, who took over


def weigh(ways: Iterable[Way]) -> list[Proposal]:
    """The proposals that rows of ``WAYS`` speak for."""
    sent: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    back: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for subtopic, unit, region, count, instead in ways:
        sent[subtopic, unit][region or ""] += count
        if instead:
            back[subtopic, unit, instead][region or ""] += count
    found = [
        _weighed(subtopic, unit, instead, sent[subtopic, unit], returned)
        for (subtopic, unit, instead), returned in back.items()
    ]
    return [it for it in found if it.returned >= LEAST and it.share >= SHARE]


def _weighed(subtopic: str, unit: str, instead: str, sent: Counter[str], returned: Counter[str]) -> Proposal:
    """For the regions alone from which they come back, when there are others that speak against it."""
    affected = sorted(region for region in returned if region and returned[region] >= SHARE * sent[region])
    elsewhere = sum(count for region, count in sent.items() if region not in affected)
    stray = sum(count for region, count in returned.items() if region not in affected)
    if affected and elsewhere >= LEAST and not stray:
        inside = sum(sent[region] for region in affected)
        return Proposal(subtopic, unit, instead, inside, returned.total(), tuple(affected))
    return Proposal(subtopic, unit, instead, sent.total(), returned.total())


def applied(document: Document, proposal: Proposal) -> dict[str, Any]:
    """The document with the rule changed as proposed. Raises ``LookupError`` when no rule fits it."""
    made: dict[str, Any] = deepcopy(dict(document))
    for section in made["sections"]:
        for place, rule in enumerate(section["rules"]):
            if _is_about(rule, proposal):
                taken = {row["id"] for _section, row in rows_of(made)}
                section["rules"][place : place + 1] = _changed(rule, proposal, taken)
                return made
    raise LookupError(proposal.subtopic)


def _is_about(rule: Mapping[str, Any], proposal: Proposal) -> bool:
    then = rule["then"]
    plain = rule.get("when") == {"fact": "subtopic", "in": [proposal.subtopic]}
    return plain and proposal.unit in (then.get("lead"), *then.get("joint", ()))


def _changed(rule: dict[str, Any], proposal: Proposal, taken: set[str]) -> list[dict[str, Any]]:
    """The rule with the other unit; for some regions only, a second rule beside the first."""
    other = {**rule, "then": _with(rule["then"], proposal)}
    if not proposal.regions:
        return [other]
    there = {"fact": "region", "in": list(proposal.regions)}
    elsewhere = {"or": [{"fact": "region", "unknown": True}, {"not": there}]}
    code = next(name for n in range(1, 100) if (name := f"{rule['id']}.{n}"[-40:]) not in taken)
    return [
        {**other, "id": code, "when": {"and": [rule["when"], there]}, "cases": []},
        {**rule, "when": {"and": [rule["when"], elsewhere]}},
    ]


def _with(then: Mapping[str, Any], proposal: Proposal) -> dict[str, Any]:
    """The conclusion with the other unit in the place of the first, and never twice."""
    lead = proposal.instead if then["lead"] == proposal.unit else then["lead"]
    joint = [proposal.instead if code == proposal.unit else code for code in then.get("joint", ())]
    return {**then, "lead": lead, "joint": [code for code in dict.fromkeys(joint) if code != lead]}


def effect(document: Document, proposal: Proposal, days: int) -> dict[str, Any]:
    """The rehearsal of the proposal on the decisions about its subtopic. Writes nothing."""
    book = compile_book(applied(document, proposal))
    return past.rehearse(book, days=days, subtopic=proposal.subtopic)
