"""Golden cases: example applications with the destination they have to have. Plain Python.

They are attached to rules and run on every draft; a rule set with a failing case is not published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .decide import Decision, decide
from .directory import Directory
from .rules.book import Case, RuleBook


@dataclass(frozen=True)
class Outcome:
    """One case under a rule set. ``by`` is the rule that concluded, whoever's case it is."""

    rule: str
    case: Case
    passed: bool
    got: dict[str, Any]
    by: str

    @property
    def is_stolen(self) -> bool:
        """Did another rule than the case's own conclude?"""
        return not self.passed and self.by != self.rule


def run(book: RuleBook, directory: Directory) -> list[Outcome]:
    """Every case of every rule, in order."""
    return list(_outcomes(book, directory))


def _outcomes(book: RuleBook, directory: Directory) -> Iterator[Outcome]:
    for rule in book.rules:
        for case in rule.cases:
            decision = decide(case.facts, book, directory)
            got = conclusion(decision)
            passed = all(_same(got.get(name), wanted) for name, wanted in case.expect.items())
            yield Outcome(rule.code, case, passed, got, decision.rule)


def conclusion(decision: Decision) -> dict[str, Any]:
    """What a case can expect, in the words of a case."""
    own = {"policy": decision.policy, "priority": decision.priority, "target": decision.target}
    if decision.to_triage:
        return {"triage": True, **own}
    return {"lead": decision.lead, "joint": list(decision.joint), **own}


def _same(got: Any, wanted: Any) -> bool:
    """Which agencies join matters, not in which order."""
    return (
        sorted(got) == sorted(wanted) if isinstance(got, list) and isinstance(wanted, list) else got == wanted
    )
