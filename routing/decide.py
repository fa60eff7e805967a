"""The routing decision: facts, rules and the directory in; agencies and the reasons out. Plain Python.

One function serves production, the preview during a call, rehearsals, golden cases and the interface. The
same facts, rule set and directory give the same bytes (``Decision.encoded``). Whatever happens ends with
agencies or with a person who looks (triage), never with silence and never with an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from .directory import Directory, Unit, choose
from .rules.book import Hit, Rule, RuleBook, Section, canonical
from .rules.facts import Facts, known

LADDER = ("P0", "P1", "P2", "P3", "P4")
OPENLY = ("identity", "phone", "district", "subtopic")
HEALTH = ("text", "facts")
REPEATED = 3  # reasoned answers within a year (Law on Citizens' Appeals, 8.1.4 [S:L4])


@dataclass(frozen=True)
class Step:
    """One thing looked at: a rule, a guard (``GUARD-``) or the directory (``DIRECTORY-``).

    When it did not hold: which fact failed first, what was wanted of it and what was found.
    """

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
class Proposal:
    """Where it would go if no person had to look first."""

    lead: str
    joint: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """The conclusion. No ``lead`` means: a person has to look (triage), never silence.

    ``documents`` are to be brought, ``consents`` are units that see health details only when the citizen
    agrees, ``notices`` are pointed out to whoever reads (``deceased``, ``duplicate``, ``repeated``).
    ``incident`` names the rule or guard that failed, which somebody has to mend.
    """

    lead: str = ""
    joint: tuple[str, ...] = ()
    policy: str = "all"
    priority: str = "P3"
    first: str = "2 wd"
    target: str = "15 wd"
    rule: str = ""
    parts: tuple[Part, ...] = ()
    documents: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    proposal: Proposal | None = None
    incident: str = ""
    trace: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def to_triage(self) -> bool:
        return not self.lead

    @cached_property
    def encoded(self) -> bytes:
        """The decision with its trace, always spelled the same."""
        return canonical(asdict(self))

    def trace_as_data(self) -> list[dict[str, Any]]:
        return [asdict(step) for step in self.trace]


def decide(facts: Facts, book: RuleBook, directory: Directory) -> Decision:
    """Decide where an application goes.

    ``facts`` may lack anything; what is absent is unknown. An error in a rule ends in triage with its
    ``incident``, and what the rules before it said of urgency and time still holds.
    """
    trail = Trail(
        {
            **known(facts, book.catalogue),
            # Also when it cannot be understood: whom nobody can name nobody can keep out.
            "complained_about": facts.get("complained_about") or None,
            "load": facts.get("load") or {},
        },
        book,
    )
    try:
        return _decide(trail, directory)
    except Exception as error:  # a rule must not be able to stop an application
        return replace(
            trail.said(trail.concluded), incident=f"{trail.at}: {type(error).__name__}", trace=trail.taken
        )


class Trail:
    """What was looked at on the way to a decision, and what has been concluded so far."""

    def __init__(self, facts: dict[str, Any], book: RuleBook) -> None:
        self.facts, self.book = facts, book
        self.steps: list[Step] = []
        self.added: list[Rule] = []  # rules of the section "always" that hold
        self.concluded: Rule | None = None
        self.at = ""  # the rule being looked at

    @property
    def taken(self) -> tuple[Step, ...]:
        return tuple(self.steps)

    def holding(self, section: str) -> Iterable[Rule]:
        """The rules of a section that hold, in order; every one looked at is noted."""
        subtopic = self.facts.get("subtopic")
        for rule in self.book.sections[section].about(subtopic):
            self.at = rule.code
            if rule.holds(self.facts):
                self.steps.append(Step(rule.code, True))
                yield rule
            elif (why := rule.fails(self.facts)) and why.fact != "subtopic":
                self.steps.append(Step(rule.code, False, why.fact, dict(why.wanted), why.found))

    def note(self, step: str, fact: str, wanted: Any, found: Any, *, matched: bool = False) -> None:
        """Note what a guard or the directory found."""
        self.steps.append(Step(step, matched, fact, wanted, found))

    def said(self, rule: Rule | None) -> Decision:
        """What the rules say of urgency, time and papers; it holds also when a person finds the agencies."""
        then = rule.then if rule else {}
        papers = [*then.get("documents", ()), *added(self.added, "documents")]
        held = self.held
        return Decision(
            policy=then.get("policy", "all"),
            priority=self._priority(then.get("priority", "P3")),
            first=then.get("first", "2 wd"),
            target=then.get("target", "15 wd"),
            rule=held.code if held else rule.code if rule else "",
            documents=tuple(dict.fromkeys(papers)),
            notices=notices(self.facts),
        )

    @property
    def held(self) -> Rule | None:
        """The rule because of which a person looks first."""
        return next((rule for rule in self.added if rule.then.get("triage")), None)

    def _priority(self, own: str) -> str:
        """At most one class higher than the rule says, and never to a crisis [D]."""
        raised = any(rule.then.get("raise") for rule in self.added)
        return LADDER[max(1, LADDER.index(own) - 1)] if raised and own != "P0" else own


def added(rules: Iterable[Rule], what: str) -> list[str]:
    """The codes that these rules add under one name, in order."""
    return [code for rule in rules for code in rule.then.get(what, ())]


def notices(facts: Facts) -> tuple[str, ...]:
    """What has to be pointed out; none of it stops an application."""
    found = {
        "deceased": facts.get("deceased") is True,
        "duplicate": facts.get("duplicate") is True,
        "repeated": (facts.get("answers_given") or 0) >= REPEATED,
    }
    return tuple(code for code, holds in found.items() if holds)


def _decide(trail: Trail, directory: Directory) -> Decision:
    safety = next(iter(trail.holding("safety")), None)
    trail.added = list(trail.holding("always"))
    rule = trail.concluded = safety or _subject(trail) or next(iter(trail.holding("default")), None)
    said = trail.said(rule)
    if rule is None or rule.then.get("triage"):
        return replace(said, trace=trail.taken)
    found = _placed(rule, trail, directory)
    if found is None:
        return replace(said, trace=trail.taken)
    parts, asked = found
    lead = next((part.unit for part in parts if part.is_lead), "")
    joint = tuple(part.unit for part in parts if not part.is_lead)
    if trail.held or not lead:
        proposal = Proposal(lead, joint) if parts else None
        return replace(said, proposal=proposal, consents=asked, trace=trail.taken)
    return replace(said, lead=lead, joint=joint, parts=parts, consents=asked, trace=trail.taken)


def _subject(trail: Trail) -> Rule | None:
    """The rule of the section "subject": the first, or, where only one may hold, that one."""
    section: Section = trail.book.sections["subject"]
    holding = trail.holding("subject")
    first = next(iter(holding), None)
    if section.hit == Hit.UNIQUE and first is not None and (second := next(iter(holding), None)):
        raise Overlap(first.code, second.code)
    return first


class Overlap(Exception):
    """Two rules hold of which only one may."""


def _placed(
    rule: Rule, trail: Trail, directory: Directory
) -> tuple[tuple[Part, ...], tuple[str, ...]] | None:
    """The parts and the units that need a consent; without a lead among them a person finds one.

    None when it is not even known who has to be kept out.
    """
    if not _is_known(trail.facts, trail, directory):
        return None
    wanted = [rule.then["lead"], *rule.then.get("joint", ()), *added(trail.added, "joint")]
    forbidden = frozenset(added(trail.added, "forbid"))
    usable: dict[str, Unit] = {}
    leads = None
    for place, code in enumerate(dict.fromkeys(wanted)):
        unit = _unit(code, forbidden, trail, directory)
        if unit is not None:
            usable.setdefault(unit.code, unit)
            leads = unit if place == 0 else leads
    health = bool(rule.then.get("health"))
    named = frozenset([*rule.then.get("consents", ()), *added(trail.added, "consents")])
    parts = tuple(
        Part(unit.code, unit is leads, disclosed_to(unit, health, trail.facts, named))
        for unit in usable.values()
    )
    return parts, tuple(unit.code for unit in usable.values() if asks_consent(unit, health, named))


def _is_known(facts: Facts, trail: Trail, directory: Directory) -> bool:
    """Whom the complaint is about has to be understood, or nobody can be kept out of it."""
    against = facts.get("complained_about")
    if against and not (isinstance(against, str) and against in directory.units):
        trail.note("GUARD-UNKNOWN", "complained_about", "a known body", "unknown")
        return False
    return True


def _unit(code: str, forbidden: frozenset[str], trail: Trail, directory: Directory) -> Unit | None:
    """The unit that acts: open, serving this subtopic and district, and not the body complained about.

    Sending a complaint to the body complained about is an administrative offence (Code of
    Administrative Offences, ``domain.md`` 3.1 [S:L7]).
    """
    trail.at = f"DIRECTORY-{code}"
    against = trail.facts.get("complained_about")
    chosen = choose(code, trail.facts, directory, without={*forbidden, *([against] if against else [])})
    if chosen.unit is None:
        named = directory.units.get(code)
        if named is not None and against and against in named.path:
            trail.note(f"GUARD-{code}", "complained_about", f"not {code}", against)
        elif named is not None and not forbidden.isdisjoint(named.path):
            trail.note(f"GUARD-{code}", "forbid", f"not {code}", code)
        else:
            trail.note(f"DIRECTORY-{code}", "unit", chosen.wanted, chosen.why)
        return None
    if chosen.unit.code != code or chosen.why == "full":
        trail.note(f"DIRECTORY-{code}", "unit", chosen.why, chosen.unit.code, matched=True)
    return chosen.unit


def asks_consent(unit: Unit, health_subject: bool, named: frozenset[str] = frozenset()) -> bool:
    """Does this unit need the citizen's consent to see health details? ``named``: the rule asks for it."""
    return (health_subject and not unit.health) or not named.isdisjoint(unit.path)


def disclosed_to(
    unit: Unit, health_subject: bool, facts: Facts, named: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """What this unit may see: health details only where no consent is needed, or it was given."""
    given = facts.get("consents") or []
    if asks_consent(unit, health_subject, named) and not any(code in given for code in unit.path):
        return OPENLY
    return OPENLY + HEALTH
