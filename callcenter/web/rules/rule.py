"""One rule: what it says, how it stands, its golden cases, and who changed what in it and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access.policy import Action
from callcenter.web.doors import page
from routing.golden import Outcome
from routing.models import RuleEdit, RuleSet

from .common import Sight, rule_of, sight_of
from .report import differing
from .speech import FIELDS, Speech, conclusion
from .speech import SECTIONS as SECTION_WORDS

Context = dict[str, Any]


@page(Action.RULES_VIEW)
def show(request: HttpRequest, number: int, rule: str) -> HttpResponse:
    sight = sight_of(request, number)
    section, row = rule_of(sight.ruleset, rule)
    speech = Speech(sight.ruleset.document)
    said = speech.fields(row)
    context = {
        "sight": sight,
        "ruleset": sight.ruleset,
        "rule": row,
        "section": section,
        "section_word": SECTION_WORDS[section],
        "mark": sight.changes.of(rule),
        "said": [(FIELDS[name], said[name]) for name in FIELDS if said.get(name)],
        "problems": sight.standing.sentences(rule),
        "hidden_by": [before for hidden, before in sight.standing.shadowed if hidden == rule],
        "cases": _cases(sight, row, speech),
        "held": sight.report.get("rules", {}).get(rule),
        "history": history(edits_of(sight.ruleset).filter(row=rule), speech),
    }
    return render(request, "rules/rule.html", context)


def _cases(sight: Sight, row: Mapping[str, Any], speech: Speech) -> list[Context]:
    """The golden cases of a rule, each with what came of it; nothing came of one that was not tried."""
    outcomes = {outcome.case.code: outcome for outcome in sight.standing.of(row["id"])}
    return [
        {
            "id": case["id"],
            "az": case["az"],
            "facts": speech.facts(case["facts"]),
            "expect": [(FIELDS[name], said) for name, said in conclusion(case["expect"]).items() if said],
            **_result(outcomes.get(case["id"])),
        }
        for case in row.get("cases", ())
    ]


def _result(outcome: Outcome | None) -> Context:
    if outcome is None:
        return {"tried": False}
    return {
        "tried": True,
        "passed": outcome.passed,
        "differs": differing(outcome.case.expect, outcome.got),
        "by": outcome.by if outcome.is_stolen else "",
    }


# Who changed what -------------------------------------------------------------------------------------------


def edits_of(ruleset: RuleSet, apart_from: RuleSet | None = None) -> QuerySet[RuleEdit]:
    """The edits that led to a rule set, or to one of two and not to the other; the newest first."""
    numbers = lineage(ruleset) ^ (lineage(apart_from) if apart_from else set())
    rows = RuleEdit.objects.filter(ruleset__in=numbers).select_related("by", "ruleset")
    return rows.defer("ruleset__document", "ruleset__rehearsal")


def lineage(ruleset: RuleSet) -> set[int]:
    """The number of a rule set and of all those from which it was begun."""
    sources = dict(RuleSet.objects.values_list("pk", "source"))
    found: set[int] = set()
    number: int | None = ruleset.pk
    while number is not None and number not in found:
        found.add(number)
        number = sources.get(number)
    return found


def history(edits: QuerySet[RuleEdit], speech: Speech) -> list[Context]:
    """Edits in words: who, when, why, and every field that was otherwise before."""
    return [{"edit": edit, "kind": _kind(edit), "fields": _fields(edit, speech)} for edit in edits[:HISTORY]]


HISTORY = 100  # edits that a page tells


def _kind(edit: RuleEdit) -> str:
    if edit.before is None:
        return "added"
    if edit.after is None:
        return "removed"
    return "moved" if edit.before == edit.after else "changed"


def _fields(edit: RuleEdit, speech: Speech) -> list[tuple[Any, str, str]]:
    """(field, before, after) of what differs."""
    before, after = (_said(speech, row) for row in (edit.before, edit.after))
    return [
        (FIELDS[name], before.get(name, ""), after.get(name, ""))
        for name in FIELDS
        if before.get(name, "") != after.get(name, "")
    ]


def _said(speech: Speech, row: Mapping[str, Any] | None) -> Mapping[str, str]:
    """A rule in words; a question or a term has none of a rule's fields."""
    return speech.whole(row) if row and "then" in row else {}
