"""A rule set made executable: four sections, read from top to bottom, each with its hit policy (DMN).

1. ``safety`` (first): before everything else; the first rule that holds concludes.
2. ``always`` (collect): every rule that holds adds to the conclusion: agencies, urgency, documents, a look
   by a person. None of them concludes.
3. ``subject`` (unique or first): where it goes.
4. ``default`` (first): what happens when nothing concluded; its last rule has no condition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from .conditions import ALWAYS, Failure, Test, Tree, failure, predicate, resolved
from .facts import OF_RECORDS, Fact, Facts, questions

Document = Mapping[str, Any]
CONCLUDING = ("safety", "subject", "default")
SECTIONS = ("safety", "always", "subject", "default")


class Hit(StrEnum):
    """How many rules of a section may hold (DMN 1.3, 8.2.10)."""

    UNIQUE = "unique"
    FIRST = "first"
    COLLECT = "collect"


@dataclass(frozen=True)
class Case:
    """An example application with the destination it has to have: a golden case."""

    code: str
    az: str
    facts: Facts
    expect: Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """``then`` as in the document; ``tree`` with its terms resolved; ``subjects`` bounds it, if it can."""

    code: str
    section: str
    tree: Tree
    then: Mapping[str, Any]
    reason: Mapping[str, str]
    cases: tuple[Case, ...]
    holds: Test = field(repr=False, compare=False)
    fails: Failure = field(repr=False, compare=False)
    subjects: frozenset[str] | None = None


@dataclass(frozen=True)
class Section:
    code: str
    hit: Hit
    rules: tuple[Rule, ...]

    @cached_property
    def _by_subject(self) -> dict[str, tuple[Rule, ...]]:
        named = {subject for rule in self.rules for subject in rule.subjects or ()}
        return {subject: self._about(subject) for subject in named}

    @cached_property
    def _of_any_subject(self) -> tuple[Rule, ...]:
        return self._about(None)

    def _about(self, subject: str | None) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.subjects is None or subject in rule.subjects)

    def about(self, subtopic: str | None) -> tuple[Rule, ...]:
        """The rules that can say something about this subtopic, in order."""
        return self._by_subject.get(subtopic or "", self._of_any_subject)


@dataclass(frozen=True)
class RuleBook:
    """A compiled rule set. ``digest`` identifies its document."""

    digest: str
    sections: Mapping[str, Section]
    catalogue: Mapping[str, Fact]

    @property
    def rules(self) -> Iterator[Rule]:
        return (rule for code in SECTIONS for rule in self.sections[code].rules)

    def rule(self, code: str) -> Rule | None:
        return self._by_code.get(code)

    @cached_property
    def _by_code(self) -> dict[str, Rule]:
        return {rule.code: rule for rule in self.rules}

    @cached_property
    def asked(self) -> tuple[Fact, ...]:
        """The questions of this rule set, in its order."""
        return tuple(fact for fact in self.catalogue.values() if fact.is_asked)


def compile_book(document: Document) -> RuleBook:
    """Make a checked document executable (``check.problems`` found nothing)."""
    terms = {name: term["when"] for name, term in document.get("terms", {}).items()}
    return RuleBook(
        digest=digest(document),
        sections={
            section["code"]: Section(
                section["code"],
                Hit(section["hit"]),
                tuple(_rule(row, section["code"], terms) for row in section["rules"]),
            )
            for section in document["sections"]
        },
        catalogue={**OF_RECORDS, **questions(document)},
    )


def _rule(row: Mapping[str, Any], section: str, terms: Mapping[str, Tree]) -> Rule:
    tree = resolved(row.get("when") or ALWAYS, terms)
    return Rule(
        code=row["id"],
        section=section,
        tree=tree,
        then=row["then"],
        reason=row.get("reason", {}),
        cases=tuple(_case(it) for it in row.get("cases", ())),
        holds=predicate(tree),
        fails=failure(tree),
        subjects=_subjects(tree),
    )


def _case(row: Mapping[str, Any]) -> Case:
    return Case(row["id"], row["az"], row["facts"], row["expect"])


def _subjects(tree: Tree) -> frozenset[str] | None:
    """The subtopics outside of which the rule cannot hold; None when it names none."""
    match tree:
        case {"fact": "subtopic", "in": values}:
            return frozenset(values)
        case {"and": parts}:
            bounds = [found for part in parts if (found := _subjects(part)) is not None]
            return frozenset.intersection(*bounds) if bounds else None
        case {"or": parts} if parts:
            each = [_subjects(part) for part in parts]
            known = [bound for bound in each if bound is not None]
            return frozenset[str]().union(*known) if len(known) == len(each) else None
    return None


def digest(document: Document) -> str:
    """A fingerprint of the rules, the same on every machine."""
    return hashlib.sha256(canonical(document)).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with one spelling: the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def rows_of(document: Document) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """(section, rule as written) of every rule, from top to bottom."""
    return [(section["code"], row) for section in document["sections"] for row in section["rules"]]
