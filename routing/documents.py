"""Rule sets with one thing otherwise, and what differs between two. Nothing given is changed.

What is not there is refused (``Invalid``); whether the result is right is ``rules.check``'s question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext_lazy as _

from events.errors import Invalid

from .rules.book import Document, rows_of

Row = Mapping[str, Any]

# Rules ------------------------------------------------------------------------------------------------------


def with_rule(document: Document, section: str, rule: Row, replaces: str = "") -> dict[str, Any]:
    """With a rule at the end of a section, or in the place of ``replaces``."""
    made = _copy(document)
    rules = _section(made, section)["rules"]
    place = _place(rules, replaces) if replaces else len(rules)
    rules[place : place + 1] = [dict(rule)]
    return made


def without_rule(document: Document, rule: str) -> dict[str, Any]:
    made = _copy(document)
    rules = _rules_beside(made, rule)
    del rules[_place(rules, rule)]
    return made


def with_moved_rule(document: Document, rule: str, by: int) -> dict[str, Any]:
    """With a rule moved within its section by so many places, as far as the section goes."""
    made = _copy(document)
    rules = _rules_beside(made, rule)
    place = _place(rules, rule)
    rules.insert(max(0, min(len(rules) - 1, place + by)), rules.pop(place))
    return made


def with_hit(document: Document, section: str, hit: str) -> dict[str, Any]:
    """With another hit policy of a section."""
    made = _copy(document)
    _section(made, section)["hit"] = hit
    return made


def _copy(document: Document) -> dict[str, Any]:
    return deepcopy(dict(document))


def _section(document: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next((it for it in document["sections"] if it["code"] == code), None)
    if found is None:
        raise Invalid.field("section", _("There is no such section."), code="unknown_section")
    return found


def _rules_beside(document: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    """The rules of the section in which this one stands."""
    code = next((section for section, row in rows_of(document) if row["id"] == rule), None)
    if code is None:
        raise _no_rule()
    rules: list[dict[str, Any]] = _section(document, code)["rules"]
    return rules


def _place(rules: Sequence[Row], rule: str) -> int:
    place = next((place for place, row in enumerate(rules) if row["id"] == rule), None)
    if place is None:
        raise _no_rule()
    return place


def _no_rule() -> Invalid:
    return Invalid.field("rule", _("There is no such rule in this rule set."), code="unknown_rule")


# Questions and terms ----------------------------------------------------------------------------------------


def with_question(document: Document, question: Row, replaces: str = "") -> dict[str, Any]:
    """With a question behind the others, or in the place of ``replaces``."""
    questions = list(document.get("questions", ()))
    place = _place_asked(questions, replaces) if replaces else len(questions)
    questions[place : place + 1] = [dict(question)]
    return {**document, "questions": questions}


def without_question(document: Document, question: str) -> dict[str, Any]:
    questions = list(document.get("questions", ()))
    del questions[_place_asked(questions, question)]
    return {**document, "questions": questions}


def _place_asked(questions: Sequence[Row], code: str) -> int:
    place = next((place for place, row in enumerate(questions) if row["code"] == code), None)
    if place is None:
        sentence = _("There is no such question in this rule set.")
        raise Invalid.field("question", sentence, code="unknown_question")
    return place


def with_term(document: Document, name: str, term: Row, replaces: str = "") -> dict[str, Any]:
    """With one more term, or one in the place of ``replaces``."""
    others = (without_term(document, replaces) if replaces else document).get("terms", {})
    if name in others:
        raise Invalid.field("name", _("Two terms have this name."), code="term_twice")
    return {**document, "terms": {**others, name: dict(term)}}


def without_term(document: Document, name: str) -> dict[str, Any]:
    terms = dict(document.get("terms", {}))
    if terms.pop(name, None) is None:
        raise Invalid.field("term", _("There is no such term in this rule set."), code="unknown_term")
    return {**document, "terms": terms}


# Differences ------------------------------------------------------------------------------------------------


def changed_rows(before: Document, after: Document) -> dict[str, tuple[Row | None, Row | None]]:
    """The rules, ?questions, =terms and #sections that differ, by name: as they were and as they are."""
    ours, theirs = by_name(before), by_name(after)
    return {
        code: (ours.get(code), theirs.get(code))
        for code in dict.fromkeys([*ours, *theirs])
        if ours.get(code) != theirs.get(code)
    }


def by_name(document: Document) -> dict[str, Row]:
    """Everything that has a name: rules with their section, ?questions, =terms, #sections with their hit."""
    return {
        **{f"?{row['code']}": row for row in document.get("questions", ())},
        **{f"={name}": {"name": name, **term} for name, term in document.get("terms", {}).items()},
        **{f"#{it['code']}": {"section": it["code"], "hit": it["hit"]} for it in document["sections"]},
        **{row["id"]: {"section": section, **row} for section, row in rows_of(document)},
    }
