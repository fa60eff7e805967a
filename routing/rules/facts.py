"""What a rule may ask for: a closed catalogue of typed facts, and the questions of a rule set.

A fact is *of the records* (read by ``routing.services.facts_of``; nobody can send it) or *asked*: the rule
set itself declares it as a question with its words. A fact that is absent or ``None`` is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Facts = Mapping[str, Any]
Names = Mapping[str, str]  # by language: az, en, ru


class Kind(StrEnum):
    """What values a fact has."""

    CODE = "code"  # one code of a list
    CODES = "codes"  # several codes of a list; a condition holds when one of them fits
    NUMBER = "number"  # a whole number
    FLAG = "flag"  # yes or no


@dataclass(frozen=True)
class Option:
    value: str | int
    names: Names


@dataclass(frozen=True)
class Fact:
    """``of`` names the list of codes in the vocabulary; ``options`` are a question's own answers.

    ``topics`` limits a question to subjects where it makes sense; empty: everywhere.
    """

    code: str
    kind: Kind
    of: str = ""
    names: Names | None = None
    options: tuple[Option, ...] = ()
    topics: frozenset[str] = frozenset()

    @property
    def is_asked(self) -> bool:
        return self.names is not None

    def accepts(self, value: Any) -> bool:
        """Is this a value of the fact's kind? A question of its own takes its own answers only."""
        if self.kind == Kind.FLAG:
            return isinstance(value, bool)
        if self.kind == Kind.NUMBER:
            return isinstance(value, int) and not isinstance(value, bool)
        if self.kind == Kind.CODES:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        return isinstance(value, str) and (
            not self.options or value in {option.value for option in self.options}
        )


OF_RECORDS: Mapping[str, Fact] = {
    fact.code: fact
    for fact in (
        Fact("subtopic", Kind.CODE, "subtopics"),
        Fact("topic", Kind.CODE, "topics"),
        Fact("urgency", Kind.CODE, "priorities"),
        Fact("district", Kind.CODE, "districts"),
        Fact("region", Kind.CODE, "regions"),
        Fact("categories", Kind.CODES, "categories"),
        Fact("age", Kind.NUMBER),  # whole years on the day of the decision
        Fact(
            "household", Kind.NUMBER
        ),  # people recorded as living or belonging together, the person included
        Fact("channel", Kind.CODE, "channels"),
        Fact("verification", Kind.NUMBER),  # level of identity, 0 to 3
        Fact("unclear", Kind.FLAG),  # the operator asks for a person's look
        Fact("complained_about", Kind.CODE, "units"),
        Fact("consents", Kind.CODES, "units"),
        Fact("answers_given", Kind.NUMBER),  # reasoned answers on this subtopic within a year
        Fact("duplicate", Kind.FLAG),  # an application on this subtopic within 30 days
        Fact("deceased", Kind.FLAG),  # a contact ended with the person's death
    )
}
"""``complained_about``, ``consents`` and ``unclear`` have places of their own on every form."""


def questions(document: Mapping[str, Any]) -> dict[str, Fact]:
    """The facts a rule set asks for, by code."""
    return {row["code"]: _question(row) for row in document.get("questions", ())}


def _question(row: Mapping[str, Any]) -> Fact:
    return Fact(
        row["code"],
        Kind(row["kind"]),
        names=_names(row),
        options=tuple(Option(it["value"], _names(it)) for it in row.get("options", ())),
        topics=frozenset(row.get("topics", ())),
    )


def _names(row: Mapping[str, Any]) -> dict[str, str]:
    return {language: row[language] for language in ("az", "en", "ru")}


def known(facts: Facts, catalogue: Mapping[str, Fact]) -> dict[str, Any]:
    """The facts a rule can read: of the catalogue, of their kind. Anything else counts as unknown."""
    return {
        code: value
        for code, value in facts.items()
        if value is not None and (fact := catalogue.get(code)) is not None and fact.accepts(value)
    }


def refused(answers: Facts, catalogue: Mapping[str, Fact]) -> Iterable[str]:
    """Codes of answers that no rule could read because their value is of another kind."""
    for code, value in answers.items():
        fact = catalogue.get(code)
        if fact is not None and fact.is_asked and value is not None and not fact.accepts(value):
            yield code
