"""A draft tried on the past: what would have gone elsewhere, and how that ended. Plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

from . import golden
from .decide import Decision, decide
from .directory import Directory, at_rest
from .rules.book import RuleBook
from .rules.facts import Facts

CHUNK = 1000  # decisions between two looks at the time
EXAMPLES = 5  # applications shown for each way that changes
TRIAGE = ""  # the destination of what a person has to look at


@dataclass(frozen=True)
class Past:
    """A decision that was made, and how its application ended.

    ``returned``: how many of its referrals came back as misrouted. ``days``: from registration to its
    closing; None while it is open.
    """

    application: str
    facts: Facts
    lead: str
    joint: tuple[str, ...]
    priority: str
    policy: str
    state: str
    returned: int
    days: float | None


@dataclass
class Ending:
    """How applications of one change ended."""

    count: int = 0
    returned: int = 0
    closed: int = 0
    days: list[float] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def take(self, past: Past) -> None:
        self.count += 1
        self.returned += past.returned > 0
        if past.days is not None:
            self.closed += 1
            self.days.append(past.days)
        if len(self.examples) < EXAMPLES:
            self.examples.append(past.application)

    def as_data(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "returned": self.returned,
            "closed": self.closed,
            "median_days": round(median(self.days), 1) if self.days else None,
            "examples": self.examples,
        }


class Rehearsal:
    """Decides the past anew. ``ways`` counts by (lead then, lead now) where the agencies changed."""

    def __init__(self, book: RuleBook, directory: Directory) -> None:
        self.book, self.directory = book, directory
        self.total = self.to_triage = self.from_triage = self.incidents = 0
        self.changes = Counter[str]()
        self.ways: dict[tuple[str, str], Ending] = {}
        self.hits = Counter[str]()
        self.seconds = self.bare = 0.0
        self._table = {code: rule for rule in book.rules for code in rule.subjects or ()}

    def play(self, pasts: Iterable[Past]) -> None:
        remaining = iter(pasts)
        while chunk := list(islice(remaining, CHUNK)):
            begin = perf_counter()
            decisions = [decide(past.facts, self.book, self.directory) for past in chunk]
            decided = perf_counter()
            for past in chunk:  # what the simplest router there is would do
                self._table.get(past.facts.get("subtopic", ""))
            self.seconds += decided - begin
            self.bare += perf_counter() - decided
            for past, decision in zip(chunk, decisions, strict=True):
                self._take(past, decision)

    def _take(self, past: Past, decision: Decision) -> None:
        self.total += 1
        self.hits.update(step.rule for step in decision.trace if step.matched)
        self.incidents += bool(decision.incident)
        agencies = (past.lead, frozenset(past.joint)) != (decision.lead, frozenset(decision.joint))
        if agencies:
            self.ways.setdefault((past.lead, decision.lead), Ending()).take(past)
            self.to_triage += past.lead != TRIAGE == decision.lead
            self.from_triage += past.lead == TRIAGE != decision.lead
        self.changes["agencies"] += agencies
        self.changes["priority"] += past.priority != decision.priority
        self.changes["policy"] += past.policy != decision.policy

    def report(self) -> dict[str, Any]:
        """JSON: counts, ways, golden cases, rules that never held, and what a decision costs."""
        return {
            "applications": self.total,
            "changed": self.changes["agencies"],
            "changed_priority": self.changes["priority"],
            "changed_policy": self.changes["policy"],
            "to_triage": self.to_triage,
            "from_triage": self.from_triage,
            "incidents": self.incidents,
            "returned_before": sum(ending.returned for ending in self.ways.values()),
            "matrix": [
                {"from": before, "to": after, **ending.as_data()}
                for (before, after), ending in sorted(self.ways.items(), key=lambda it: -it[1].count)
            ],
            "rules": {rule.code: self.hits[rule.code] for rule in self.book.rules},
            "dead": [rule.code for rule in self.book.rules if not self.hits[rule.code]],
            "cases": [_case(outcome) for outcome in golden.run(self.book, at_rest(self.directory))],
            "us_per_decision": round(self.seconds / self.total * 1e6, 1) if self.total else None,
            "ratio_to_dictionary": round(self.seconds / self.bare, 1) if self.bare else None,
        }


def _case(outcome: golden.Outcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule,
        "case": outcome.case.code,
        "az": outcome.case.az,
        "passed": outcome.passed,
        "expect": dict(outcome.case.expect),
        "got": outcome.got,
        "by": outcome.by,
    }
