"""What a second person should look at before publishing: allowed, but seldom meant.

A draft without problems can still forget a subject, a rule that nothing tries, or an example that was
weakened until it passed. None of this stands in the way; all of it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .book import Document, RuleBook, rows_of
from .check import Problem


def cautions(document: Document, book: RuleBook, subtopics: Iterable[str], base: Document) -> list[Problem]:
    """What is allowed and seldom meant; ``base`` is what was in force when the draft was begun."""
    return [*_unruled(book, subtopics), *_untried(document), *_weakened(document, base)]


def _unruled(book: RuleBook, subtopics: Iterable[str]) -> Iterator[Problem]:
    """Subtopics that no rule of the section "subject" can be about, so that the default takes them."""
    section = book.sections["subject"]
    for code in sorted(subtopics):
        if not section.about(code):
            yield Problem("", "", "no_rule", {"value": code})


def _untried(document: Document) -> Iterator[Problem]:
    for section, row in rows_of(document):
        if section == "subject" and not row.get("cases"):
            yield Problem(row["id"], "cases", "no_case")


def _weakened(document: Document, base: Document) -> Iterator[Problem]:
    """Golden cases of the base that are gone, or expect something else now."""
    now, rules = _cases(document), {row["id"] for _section, row in rows_of(document)}
    for code, (rule, case) in _cases(base).items():
        if code not in now:
            yield Problem(rule if rule in rules else "", f"cases.{code}", "case_gone", {"value": code})
        elif now[code][1] != case:
            yield Problem(now[code][0], f"cases.{code}", "case_changed", {"value": code})


def _cases(document: Document) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """(rule, facts and expectation) of every golden case by its code."""
    return {
        case["id"]: (row["id"], {"facts": case["facts"], "expect": case["expect"]})
        for _section, row in rows_of(document)
        for case in row.get("cases", ())
    }
