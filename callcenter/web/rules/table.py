"""The rule set in force, or any other version: the decision table with its filters, and how it stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from access.policy import Action
from callcenter import rulewords
from callcenter.web.directory.rows import Lists
from callcenter.web.doors import page
from people.text import sort_key
from routing import selectors
from routing.models import RuleSet
from routing.rules.book import rows_of

from .choosing import Choices
from .common import STATUSES, Sight, sight_of
from .publishing import checklist, may_publish
from .report import failing, summary
from .rows import COLUMNS, RESULTS, Table, Wanted, units_of
from .speech import FIELDS
from .speech import SECTIONS as SECTION_WORDS

Context = dict[str, Any]


@page(Action.RULES_VIEW)
def in_force(request: HttpRequest) -> HttpResponse:
    """The rules by which applications go now."""
    return redirect("ruleset", number=selectors.published().number)


@page(Action.RULES_VIEW)
def show(request: HttpRequest, number: int) -> HttpResponse:
    """One rule set as a table, with its last rehearsal, its golden cases and the way to publishing."""
    sight, wanted, lists = sight_of(request, number), Wanted.read(request.GET), Lists.read()
    table = Table(sight.ruleset.document, sight.standing, sight.changes, sight.report.get("rules", {}))
    context = {
        "sight": sight,
        "ruleset": sight.ruleset,
        "wanted": wanted,
        "sections": table.sections(wanted, _above(lists)),
        "columns": [(name, FIELDS[name], name in RESULTS) for name in COLUMNS],
        "removed": [_removed(sight, code) for code in sight.changes.removed],
        "subjects": lists.subjects,
        "places": lists.places,
        "categories": Choices(sight.ruleset.document).categories,
        "section_words": SECTION_WORDS.items(),
        "units": _units(sight.ruleset),
        "versions": versions(),
        "summary": summary(sight),
        "failing": failing(sight.standing.outcomes),
        "checks": checklist(sight),
        "may_publish": may_publish(sight),
        "movable": sight.may_edit and wanted.as_it_is,
    }
    return render(request, "rules/table.html", context)


def _above(lists: Lists) -> dict[str, str]:
    """The group of each subject and the region of each district; their codes do not meet."""
    topics = {row.code: topic.code for topic in lists.topics for row in topic.subtopics.all()}
    return topics | {row.code: region.code for region in lists.regions for row in region.districts.all()}


def _units(ruleset: RuleSet) -> list[tuple[str, str]]:
    """The units that the rules name, for the filter."""
    named = {code for _section, rule in rows_of(ruleset.document) for code in units_of(rule)} - {""}
    known = rulewords.shorts()
    return sorted(((code, known.get(code, code)) for code in named), key=lambda pair: sort_key(pair[1]))


def _removed(sight: Sight, code: str) -> Context:
    """A rule of the base that the draft no longer has."""
    return {"code": code, "number": sight.ruleset.base_id}


def versions() -> list[Context]:
    """Every rule set, the newest first, with who made it, when, why and what became of it."""
    rows = RuleSet.objects.select_related("author", "published_by").defer("document", "rehearsal")
    return [
        {
            "row": row,
            "look": STATUSES[row.status][0],
            "icon": STATUSES[row.status][1],
            "word": STATUSES[row.status][2],
        }
        for row in rows
    ]
