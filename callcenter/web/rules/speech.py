"""A rule in people's words, field by field: what a table, a comparison and a history show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callcenter import rulewords, words
from routing.rules.book import Document
from routing.rules.facts import OF_RECORDS, questions

from .conditions import COLUMNS, Chosen, taken_apart

RuleRow = Mapping[str, Any]

LANGUAGES = ("az", "en", "ru")
FIELDS: Mapping[str, str | Promise] = {
    "subject": gettext_lazy("Subject"),
    "place": gettext_lazy("District"),
    "people": gettext_lazy("Category"),
    "further": gettext_lazy("Further condition"),
    "lead": gettext_lazy("Lead"),
    "joint": gettext_lazy("Joint"),
    "forbid": gettext_lazy("Never"),
    "policy": gettext_lazy("Closing"),
    "priority": gettext_lazy("Priority"),
    "first": gettext_lazy("First answer to the citizen"),
    "target": gettext_lazy("Answer to the citizen"),
    "health": gettext_lazy("Health details"),
    "documents": gettext_lazy("Documents"),
    "consents": gettext_lazy("Sees health details only with consent"),
    "reason": gettext_lazy("Reason"),
    "cases": gettext_lazy("Golden cases"),
}
NAMED_FIELDS: Mapping[str, str | Promise] = {  # of questions, terms and sections
    "az": gettext_lazy("In Azerbaijani"),
    "en": gettext_lazy("In English"),
    "ru": gettext_lazy("In Russian"),
    "kind": gettext_lazy("Kind"),
    "options": gettext_lazy("Answers"),
    "topics": gettext_lazy("Groups of subjects"),
    "when": gettext_lazy("When it holds"),
    "hit": gettext_lazy("How many rules may hold"),
}
KINDS: words.Words = {  # what answers a question has
    "flag": gettext_lazy("Yes or no"),
    "code": gettext_lazy("One of its answers"),
    "number": gettext_lazy("A whole number"),
}
SECTIONS: Mapping[str, str | Promise] = {
    "safety": gettext_lazy("Safety: before everything else"),
    "always": gettext_lazy("Additions: all that hold are collected"),
    "subject": gettext_lazy("By subject"),
    "default": gettext_lazy("When none of them holds"),
}
HITS: Mapping[str, str | Promise] = {
    "unique": gettext_lazy("only one rule may hold"),
    "first": gettext_lazy("the first rule that holds decides"),
    "collect": gettext_lazy("every rule that holds counts"),
}

CLOSING: words.Words = {  # whose answer is enough
    "all": gettext_lazy("all agencies"),
    "lead": gettext_lazy("the lead alone"),
    "any": gettext_lazy("one of them"),
}


class Speech:
    """Says the rules of one document: its questions and terms bring their own words."""

    def __init__(self, document: Document) -> None:
        self.catalogue = {**OF_RECORDS, **questions(document)}
        self.terms: Mapping[str, Any] = document.get("terms", {})

    def fields(self, rule: RuleRow) -> dict[str, str]:
        """What the rule says by field; what it does not say is empty."""
        condition = taken_apart(rule.get("when"))
        return {
            **{column: self._chosen(condition.chosen, facts) for column, facts in COLUMNS.items()},
            "further": _(" and ").join(self.condition(part) for part in condition.rest),
            **self._then(rule["then"]),
            "reason": rulewords.in_language(rule.get("reason", {})),
        }

    def whole(self, rule: RuleRow) -> dict[str, str]:
        """The same with the golden cases, which are long."""
        cases = "; ".join(self._case(case) for case in rule.get("cases", ()))
        return {**self.fields(rule), "cases": cases}

    def named(self, row: Mapping[str, Any]) -> dict[str, str]:
        """What a question, a term or the hit policy of a section says by field."""
        return {
            **{language: row.get(language, "") for language in LANGUAGES},
            "kind": words.of(KINDS, row["kind"]) if "kind" in row else "",
            "options": answers(row.get("options", ())),
            "topics": names("topics", row.get("topics", ())),
            "when": self.condition(row.get("when")),
            "hit": str(HITS[row["hit"]]) if "hit" in row else "",
        }

    def _case(self, case: Mapping[str, Any]) -> str:
        facts = ", ".join(f"{label}: {value}" for label, value in self.facts(case["facts"]))
        expected = ", ".join(said for said in conclusion(case["expect"]).values() if said)
        return f"{case['id']} {case['az']} ({facts}) → {expected}"

    def condition(self, tree: Mapping[str, Any] | None) -> str:
        return rulewords.condition(tree, self.catalogue, self.terms)

    def value(self, fact: str, found: Any) -> str:
        return rulewords.value(fact, found, self.catalogue)

    def label(self, fact: str) -> str:
        return rulewords.label(fact, self.catalogue)

    def facts(self, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(what, its value) of every fact that is known."""
        return [(self.label(code), self.value(code, found)) for code, found in facts.items()]

    def _chosen(self, chosen: Chosen, facts: Iterable[str]) -> str:
        return ", ".join(self._one(fact, code) for fact in facts for code in chosen.get(fact, ()))

    def _one(self, fact: str, code: str) -> str:
        """One choice; of a group of subjects or a region it is said that all of it is meant."""
        name = self.value(fact, code)
        return f"{name} {_('(all)')}" if fact in ("topic", "region") else name

    def _then(self, then: Mapping[str, Any]) -> dict[str, str]:
        return {
            "lead": lead(then),
            "joint": shorts(then.get("joint", ())),
            "forbid": shorts(then.get("forbid", ())),
            "policy": words.of(CLOSING, then["policy"]) if "policy" in then else "",
            "priority": _priority(then),
            "first": words.target(then.get("first", "")),
            "target": words.target(then.get("target", "")),
            "health": _("yes") if then.get("health") else "",
            "documents": names("documents", then.get("documents", ())),
            "consents": shorts(then.get("consents", ())),
        }


def answers(options: Iterable[Mapping[str, Any]]) -> str:
    """Answers of a question with their values, in every language."""
    return "; ".join(
        f"{it['value']} – {' / '.join(it[language] for language in LANGUAGES)}" for it in options
    )


def lead(then: Mapping[str, Any]) -> str:
    """Who leads, or that a person looks first."""
    return _("Triage") if then.get("triage") else unit(then.get("lead", ""))


def unit(code: str) -> str:
    return rulewords.shorts().get(code, code)


def shorts(codes: Iterable[str]) -> str:
    return ", ".join(unit(code) for code in codes)


def names(table: str, codes: Iterable[str]) -> str:
    known = rulewords.names(table)
    return ", ".join(known.get(code, code) for code in codes)


def _priority(then: Mapping[str, Any]) -> str:
    if then.get("raise"):
        return _("one class higher")
    return words.of(words.URGENCY, then["priority"]) if "priority" in then else ""


def conclusion(said: Mapping[str, Any]) -> dict[str, str]:
    """What a golden case expects or got (``routing.golden.conclusion``), by field."""
    found = {"lead": lead(said), "joint": shorts(sorted(said.get("joint", ())))}
    if "policy" in said:
        found["policy"] = words.of(CLOSING, said["policy"])
    if "priority" in said:
        found["priority"] = words.of(words.URGENCY, said["priority"])
    if "target" in said:
        found["target"] = words.target(said["target"])
    return found
