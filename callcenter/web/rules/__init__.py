"""The rules of routing: the decision table, drafts and their way into force, rehearsals and comparisons."""

from __future__ import annotations

from . import cases, compare, editing, proposals, publishing, questions, rehearsal, rule, sheets, table

__all__ = [
    "cases",
    "compare",
    "editing",
    "proposals",
    "publishing",
    "questions",
    "rehearsal",
    "rule",
    "sheets",
    "table",
]
