"""The sheets of a workbook of rules with their columns, and a condition in its columns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from .cells import CODES, EITHER, FLAG, JSON, NUMBER, TEXT, Kind

Cells = dict[str, Any]
"""What one row says, by column; empty cells are absent."""

Columns = Mapping[str, Kind]
PLAIN = ("subtopic", "topic", "district", "region", "categories", "urgency", "channel")
OTHER = "other condition"
LANGUAGES = ("az", "en", "ru")
THEN: Columns = {
    "lead": TEXT,
    "joint": CODES,
    "policy": TEXT,
    "priority": TEXT,
    "first": TEXT,
    "target": TEXT,
    "health": FLAG,
    "documents": CODES,
    "consents": CODES,
    "forbid": CODES,
    "raise": NUMBER,
    "triage": FLAG,
}
EXPECTED: Columns = {
    "lead": TEXT,
    "joint": CODES,
    "policy": TEXT,
    "priority": TEXT,
    "target": TEXT,
    "triage": FLAG,
}
NAMES: Columns = dict.fromkeys(LANGUAGES, TEXT)
SHEETS: Mapping[str, Columns] = {
    "Rules": {
        "section": TEXT,
        "id": TEXT,
        **dict.fromkeys(PLAIN, CODES),
        OTHER: JSON,
        **THEN,
        **{f"reason {language}": TEXT for language in LANGUAGES},
        "mark": TEXT,
    },
    "Questions": {"code": TEXT, "kind": TEXT, "value": EITHER, **NAMES, "topics": CODES},
    "Cases": {"rule": TEXT, "id": TEXT, "az": TEXT, "facts": JSON, **EXPECTED},
    "Terms": {"name": TEXT, "az": TEXT, "when": JSON},
}
"""A row of "Questions" without a kind is an answer of the question above it."""

KEPT = "Codes"  # the sheet with the names of the codes, which is only read by people


def condition_as_cells(when: Any) -> Cells:
    """A conjunction of plain leaves in their columns; what else there is as JSON.

    Whatever the columns could not give back exactly as it was stands in JSON as a whole.
    """
    if not when:
        return {}
    parts = when.get("and") or [when]
    plain = list(takewhile(_is_plain, parts))
    others = parts[len(plain) :]
    cells: Cells = {part["fact"]: part["in"] for part in plain}
    if others:
        cells[OTHER] = others[0] if len(others) == 1 else others
    return cells if plain and condition(cells) == when else {OTHER: when}


def _is_plain(part: Mapping[str, Any]) -> bool:
    return (
        part.keys() == {"fact", "in"}
        and part["fact"] in PLAIN
        and all(isinstance(value, str) and value for value in part["in"])
    )


def condition(cells: Cells) -> Any:
    """The condition that the cells of a rule say; None where they say none."""
    plain = [{"fact": fact, "in": cells[fact]} for fact in PLAIN if fact in cells]
    other = cells.get(OTHER, [])
    parts = [*plain, *(other if isinstance(other, list) else [other])]
    return {"and": parts} if len(parts) > 1 else parts[0] if parts else None
