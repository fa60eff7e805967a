"""The routing decision: facts, rules and the directory in; agencies and the reasons out. Plain Python.

A rule is data: ``{"id", "when": {fact: value or list of values}, "then": {...}}``. The first rule
whose every condition holds concludes; rules that only raise the priority are all collected.
The same facts and rules always give the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Facts = Mapping[str, Any]
Rule = Mapping[str, Any]

LADDER = ("P0", "P1", "P2", "P3", "P4")
OPENLY = ("identity", "phone", "district", "subtopic")
HEALTH = ("text", "facts")


@dataclass(frozen=True)
class UnitFacts:
    """What the decision needs to know of a unit."""

    code: str
    path: tuple[str, ...]
    health: bool
    active: bool = True


@dataclass(frozen=True)
class Step:
    """One rule looked at: did it match, and if not, which condition failed first."""

    rule: str
    matched: bool
    fact: str = ""
    wanted: Any = None
    found: Any = None


@dataclass(frozen=True)
class Part:
    """What one unit is asked to do and may see."""

    unit: str
    is_lead: bool
    disclosed: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """The conclusion. No ``lead`` means: a person has to look (triage), never silence."""

    lead: str = ""
    joint: tuple[str, ...] = ()
    policy: str = "all"
    priority: str = "P3"
    first: str = "2 wd"
    target: str = "15 wd"
    rule: str = ""
    parts: tuple[Part, ...] = ()
    trace: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def to_triage(self) -> bool:
        return not self.lead

    def trace_as_data(self) -> list[dict[str, Any]]:
        return [asdict(step) for step in self.trace]


def decide(facts: Facts, rules: Sequence[Rule], directory: Mapping[str, UnitFacts]) -> Decision:
    """Decide where an application goes.

    ``facts`` needs ``subtopic``; the others are optional and unknown when absent. A rule that
    names a unit the directory does not know or has closed sends the application to triage.
    """
    trace: list[Step] = []
    raised = sum(
        rule["then"]["raise"] for rule in rules if "raise" in rule["then"] and _holds(rule, facts, trace)
    )
    by_hand = ""
    for rule in rules:
        if "raise" in rule["then"] or not _holds(rule, facts, trace):
            continue
        if not rule["then"].get("triage"):
            return _conclude(rule, facts, directory, raised, trace, by_hand)
        by_hand = by_hand or rule["id"]
    return Decision(rule=by_hand, trace=tuple(trace))


def _holds(rule: Rule, facts: Facts, trace: list[Step]) -> bool:
    """Check a rule and note it in the trace, except rules about another subtopic, which say nothing."""
    for fact, wanted in rule["when"].items():
        found = facts.get(fact)
        if not _meets(found, wanted):
            if fact != "subtopic":
                trace.append(Step(rule["id"], False, fact, wanted, found))
            return False
    trace.append(Step(rule["id"], True))
    return True


def _meets(found: Any, wanted: Any) -> bool:
    options = wanted if isinstance(wanted, list) else [wanted]
    values = found if isinstance(found, list) else [found]
    return any(value in options for value in values)


def _conclude(
    rule: Rule,
    facts: Facts,
    directory: Mapping[str, UnitFacts],
    raised: int,
    trace: list[Step],
    by_hand: str,
) -> Decision:
    """What the rule says; urgency and promise hold even when a person has to find the agencies."""
    then = rule["then"]
    priority = then["priority"]
    if raised and priority != "P0":
        priority = LADDER[max(1, LADDER.index(priority) - 1)]
    shared = {
        "policy": then.get("policy", "all"),
        "priority": priority,
        "first": then["first"],
        "target": then["target"],
        "rule": by_hand or rule["id"],
    }
    if by_hand:
        return Decision(**shared, trace=tuple(trace))
    if not _is_known(facts.get("complained_about"), directory):
        trace.append(Step("GUARD-UNKNOWN", False, "complained_about", "a known body", "unknown"))
        return Decision(**shared, trace=tuple(trace))
    usable = [code for code in (then["lead"], *then["joint"]) if _may_act(code, facts, directory, trace)]
    if then["lead"] not in usable:
        return Decision(**shared, trace=tuple(trace))
    joint = tuple(code for code in usable if code != then["lead"])
    parts = (
        Part(then["lead"], True, disclosed_to(directory[then["lead"]], then["health"], facts)),
        *(Part(code, False, disclosed_to(directory[code], then["health"], facts)) for code in joint),
    )
    return Decision(lead=then["lead"], joint=joint, parts=parts, trace=tuple(trace), **shared)


def _is_known(against: Any, directory: Mapping[str, UnitFacts]) -> bool:
    """Whom the complaint is about has to be understood, or nobody can be kept out of it."""
    return not against or (isinstance(against, str) and against in directory)


def _may_act(code: str, facts: Facts, directory: Mapping[str, UnitFacts], trace: list[Step]) -> bool:
    """A unit acts when it is open and not the body complained about.

    Sending a complaint to the body complained about is an administrative offence (Code of
    Administrative Offences, ``domain.md`` 3.1 [S:L7]).
    """
    unit = directory.get(code)
    if unit is None or not unit.active:
        trace.append(Step(f"DIRECTORY-{code}", False, "unit", "active", "closed or unknown"))
        return False
    against = facts.get("complained_about")
    if against and against in unit.path:
        trace.append(Step(f"GUARD-{code}", False, "complained_about", f"not {code}", against))
        return False
    return True


def disclosed_to(unit: UnitFacts, health_subject: bool, facts: Facts) -> tuple[str, ...]:
    """What this unit may see: health details go to a non-health unit only with the citizen's consent."""
    consents = facts.get("consents") or []
    if health_subject and not unit.health and not any(code in consents for code in unit.path):
        return OPENLY
    return OPENLY + HEALTH
