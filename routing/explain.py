"""Why it went here and not there, and what an answer would change. Plain Python."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .decide import Decision, decide
from .directory import Directory
from .rules.book import CONCLUDING, Rule, RuleBook
from .rules.conditions import Failing, Tree, leaves, predicate
from .rules.facts import Fact, Facts, Kind, known

OTHER_SUBJECT = 3  # a rule about another subject is as far away as one with three other conditions that fail


@dataclass(frozen=True)
class Near:
    """A rule that did not hold, and the first of its conditions that failed."""

    rule: Rule
    first: Failing
    distance: int


def nearest(facts: Facts, book: RuleBook, akin: Collection[str] = (), most: int = 3) -> list[Near]:
    """The concluding rules that came closest without holding, the closest first.

    Of rules about other subtopics only those about ``akin`` ones are looked at: all others are as far away.
    """
    read = known(facts, book.catalogue)
    spoken = {read.get("subtopic"), *akin}
    found = []
    for section in CONCLUDING:
        for rule in book.sections[section].rules:
            first = rule.fails(read)
            if first is not None and first.fact and not spoken.isdisjoint(rule.subjects or spoken):
                found.append(Near(rule, first, _distance(rule.tree, read, wanted=True)))
    return sorted(found, key=lambda near: near.distance)[:most]


def _distance(tree: Tree, facts: Facts, *, wanted: bool) -> int:
    """How many leaves would have to be otherwise."""
    match tree:
        case {"not": part}:
            return _distance(part, facts, wanted=not wanted)
        case {"and": parts} | {"or": parts}:
            each = [_distance(part, facts, wanted=wanted) for part in parts]
            all_needed = ("and" in tree) == wanted
            return sum(each) if all_needed else min(each, default=1)
    if predicate(tree)(facts) is wanted:
        return 0
    return OTHER_SUBJECT if tree["fact"] == "subtopic" else 1


@dataclass(frozen=True)
class Hint:
    """If ``fact`` were one of ``values``, the application would go to ``lead`` with ``joint``.

    ``adds`` and ``drops`` compare with the decision now; ``priority`` is set when it would change.
    """

    fact: str
    values: tuple[Any, ...]
    lead: str
    joint: tuple[str, ...]
    adds: tuple[str, ...]
    drops: tuple[str, ...]
    priority: str = ""


def hints(facts: Facts, book: RuleBook, directory: Directory) -> list[Hint]:
    """What each fact that is not known yet could change, one hint for each different end."""
    now = decide(facts, book, directory)
    found: list[Hint] = []
    for fact, values in _open_questions(facts, book):
        ends: dict[tuple[Any, ...], list[Any]] = {}
        for value in values:
            answered = [value] if fact.kind == Kind.CODES else value
            then = decide({**facts, fact.code: answered}, book, directory)
            ends.setdefault((*_way(then), then.priority), []).append(value)
        for (lead, joint, priority), same in ends.items():
            if (lead, joint) != _way(now) or priority != now.priority:
                found.append(_hint(fact, tuple(same), lead, joint, priority, now))
    return found


def _open_questions(facts: Facts, book: RuleBook) -> Iterator[tuple[Fact, list[Any]]]:
    """Unknown facts that rules about this subject ask for, each with the values they speak of."""
    read = known(facts, book.catalogue)
    spoken: dict[str, dict[Any, None]] = {}
    for section in book.sections.values():
        for rule in section.about(read.get("subtopic")):
            for leaf in leaves(rule.tree):
                spoken.setdefault(leaf["fact"], {}).update(dict.fromkeys(_values(leaf)))
    for code, values in spoken.items():
        fact = book.catalogue[code]
        fits = not fact.topics or read.get("topic") in fact.topics
        if code not in read and code not in NEVER_HINTED and fits and values:
            yield fact, list(values)


NEVER_HINTED = frozenset({"subtopic", "topic", "urgency", "unclear", "complained_about", "consents"})


def _values(leaf: Mapping[str, Any]) -> list[Any]:
    if "in" in leaf:
        return list(leaf["in"])
    return [bound for bound in leaf.get("between", ()) if bound is not None]


def _way(decision: Decision) -> tuple[str, tuple[str, ...]]:
    """Where it goes, or would go if no person had to look first."""
    if decision.proposal:
        return decision.proposal.lead, decision.proposal.joint
    return decision.lead, decision.joint


def _hint(
    fact: Fact, values: tuple[Any, ...], lead: str, joint: tuple[str, ...], priority: str, now: Decision
) -> Hint:
    before, after = {*_way(now)[1], _way(now)[0]} - {""}, {lead, *joint} - {""}
    return Hint(
        fact.code,
        values,
        lead,
        joint,
        adds=tuple(unit for unit in (lead, *joint) if unit and unit not in before),
        drops=tuple(sorted(before - after)),
        priority=priority if priority != now.priority else "",
    )
