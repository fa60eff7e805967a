"""Two versions side by side: rows added, removed, changed and moved, with who changed them and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from access.policy import Action
from callcenter.web.doors import page
from routing.models import RuleEdit, RuleSet
from routing.rules.book import SECTIONS

from .changes import WORDS, Sides, named
from .common import sight_of
from .rule import edits_of
from .speech import FIELDS, NAMED_FIELDS, Speech
from .speech import SECTIONS as SECTION_WORDS
from .table import versions


@dataclass(frozen=True)
class Difference:
    """One row that differs: its fields on both sides, (label, before, after, is it otherwise).

    ``title`` is said instead of the code where that is nobody's word: of a section.
    """

    code: str
    mark: str
    fields: list[tuple[Any, str, str, bool]]
    edits: list[RuleEdit]
    title: Any = ""

    @property
    def look(self) -> str:
        return WORDS[self.mark][0]

    @property
    def word(self) -> Any:
        return WORDS[self.mark][1]


@page(Action.RULES_VIEW)
def show(request: HttpRequest, number: int, other: int) -> HttpResponse:
    """What ``other`` has otherwise than ``number``."""
    before, sight = sight_of(request, number).ruleset, sight_of(request, other)
    edits = _edits(before, sight.ruleset)
    moves = frozenset(edit.row for row in edits.values() for edit in row if edit.before == edit.after)
    sides = Sides(before.document, sight.ruleset.document, moves)
    context = {
        "before": before,
        "after": sight.ruleset,
        "sections": [(SECTION_WORDS[code], rows) for code, rows in _sections(sides, edits)],
        "others": list(_others(sides, edits)),
        "changes": sides.changes,
        "versions": versions(),
    }
    return render(request, "rules/compare.html", context)


def _edits(before: RuleSet, after: RuleSet) -> dict[str, list[RuleEdit]]:
    """The edits between two versions, in whichever order they are compared, by row."""
    found: dict[str, list[RuleEdit]] = {}
    for edit in edits_of(after, before):
        found.setdefault(edit.row, []).append(edit)
    return found


def _sections(sides: Sides, edits: Mapping[str, list[RuleEdit]]) -> Iterator[tuple[str, list[Difference]]]:
    """Rows that differ, by the section in which they stand now, or stood."""
    ours, theirs = Speech(sides.before), Speech(sides.after)
    where = {code: section for code, (section, _row) in {**sides.ours, **sides.theirs}.items()}
    for section in SECTIONS:
        codes = [code for code, at in where.items() if at == section and sides.changes.of(code)]
        if codes:
            yield section, [_difference(code, sides, ours, theirs, edits.get(code, [])) for code in codes]


def _difference(code: str, sides: Sides, ours: Speech, theirs: Speech, edits: list[RuleEdit]) -> Difference:
    mark = sides.changes.of(code)
    if mark == "moved":
        before, after = (str(number) for number in sides.places(code))
        return Difference(code, mark, [(_("Place in the section"), before, after, True)], edits)
    was = ours.whole(sides.ours[code][1]) if code in sides.ours else {}
    now = theirs.whole(sides.theirs[code][1]) if code in sides.theirs else {}
    return Difference(code, mark, list(_fields(was, now)), edits)


def _fields(
    was: Mapping[str, str], now: Mapping[str, str], labels: Mapping[str, Any] = FIELDS
) -> Iterator[tuple[Any, str, str, bool]]:
    """Every field that one of the sides says; golden cases only where they differ."""
    for name, label in labels.items():
        before, after = was.get(name, ""), now.get(name, "")
        if before != after or (before and name != "cases"):
            yield label, before, after, before != after


def _others(sides: Sides, edits: Mapping[str, list[RuleEdit]]) -> Iterator[Difference]:
    """Questions, terms and hit policies that differ."""
    ours, theirs = named(sides.before), named(sides.after)
    before, after = Speech(sides.before), Speech(sides.after)
    for name, mark in sides.changes.other.items():
        was, now = before.named(ours.get(name, {})), after.named(theirs.get(name, {}))
        fields, title = list(_fields(was, now, NAMED_FIELDS)), SECTION_WORDS.get(name.removeprefix("#"), "")
        yield Difference(name[1:], mark, fields, edits.get(name, []), title)
