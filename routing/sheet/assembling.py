"""The rows of a workbook as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from routing.rules.book import Document

from .cells import CODES
from .errors import RowError
from .layout import EXPECTED, LANGUAGES, THEN, Cells, condition

Rows = list[tuple[int, Cells]]


NEEDED: Mapping[str, tuple[str, ...]] = {
    "Rules": ("section", "id"),
    "Questions": ("code",),
    "Cases": ("rule", "id"),
    "Terms": ("name", "when"),
}


def document_of(tables: Mapping[str, Rows], base: Document) -> tuple[dict[str, Any], list[RowError]]:
    """The document, and what is wrong with the rows: with anything wrong the document means nothing."""
    errors = [
        RowError(title, number, name, "missing")
        for title, needed in NEEDED.items()
        for number, cells in tables[title]
        for name in needed
        if name not in cells
    ]
    if errors:
        return {}, errors
    found = {
        "sections": _sections(tables["Rules"], _cases(tables, errors), base, errors),
        "questions": _questions(tables["Questions"], base, errors),
        "terms": _terms(tables["Terms"], errors),
    }
    return {**base, **{name: part for name, part in found.items() if part or name in base}}, errors


def _once(sheet: str, column: str, rows: Rows, errors: list[RowError]) -> None:
    """Note every row whose name stands above already."""
    seen = set()
    for number, cells in rows:
        if cells[column] in seen:
            errors.append(RowError(sheet, number, column, "twice", {"value": cells[column][:60]}))
        seen.add(cells[column])


def _sections(
    rows: Rows, cases: Mapping[str, list[Cells]], base: Document, errors: list[RowError]
) -> list[dict[str, Any]]:
    _once("Rules", "id", rows, errors)
    before = {rule["id"]: rule for section in base["sections"] for rule in section["rules"]}
    rules: dict[str, list[dict[str, Any]]] = {section["code"]: [] for section in base["sections"]}
    for number, cells in rows:
        if cells["section"] not in rules:
            errors.append(RowError("Rules", number, "section", "unknown_section"))
            continue
        was = before.get(cells["id"], {})
        rules[cells["section"]].append(_rule(cells, cases.get(cells["id"], []), was))
    return [{**section, "rules": rules[section["code"]]} for section in base["sections"]]


def _rule(cells: Cells, cases: list[Cells], was: Mapping[str, Any]) -> dict[str, Any]:
    then = {name: cells[name] for name in THEN if name in cells}
    if then.get("triage") is False:
        del then["triage"]
    reason = {
        language: cells[f"reason {language}"] for language in LANGUAGES if f"reason {language}" in cells
    }
    told = {
        "id": cells["id"],
        "when": condition(cells),
        "then": {**_emptied(was.get("then", {})), **then},
        "reason": reason or None,
        "cases": cases or None,
        "mark": cells.get("mark"),
    }
    return {**_emptied(was), **{name: value for name, value in told.items() if value is not None}}


EMPTY: Mapping[str, Any] = {
    "when": None,
    "cases": (),
    "mark": "",
    **{name: () for name, kind in {**THEN, "topics": CODES}.items() if kind is CODES},
}


def _emptied(was: Mapping[str, Any]) -> dict[str, Any]:
    """The members of ``was`` that may be there and say nothing, saying nothing."""
    return {
        name: list(nothing) if isinstance(nothing, tuple) else nothing
        for name, nothing in EMPTY.items()
        if name in was
    }


def _questions(rows: Rows, base: Document, errors: list[RowError]) -> list[dict[str, Any]]:
    before = {question["code"]: question for question in base.get("questions", ())}
    _once("Questions", "code", [row for row in rows if "kind" in row[1]], errors)
    found: dict[str, dict[str, Any]] = {}
    for number, cells in rows:
        code, said = cells["code"], {name: value for name, value in cells.items() if name != "value"}
        if "kind" in cells:
            found[code] = {**_emptied(before.get(code, {})), **said}
            if "value" in cells:
                errors.append(RowError("Questions", number, "value", "outside"))
        elif code not in found:
            errors.append(RowError("Questions", number, "code", "unknown_question", {"value": code[:60]}))
        elif "value" not in cells:
            errors.append(RowError("Questions", number, "value", "missing"))
        else:
            errors.extend(_of_kind(number, cells["value"], found[code]["kind"]))
            option = {name: value for name, value in cells.items() if name != "code"}
            found[code].setdefault("options", []).append(option)
    return list(found.values())


def _of_kind(number: int, value: Any, kind: str) -> Iterator[RowError]:
    """An answer that is a number is another one than the text of its digits."""
    wanted = {"code": (str, "not_text"), "number": (int, "not_a_number")}.get(kind)
    if wanted and not isinstance(value, wanted[0]):
        yield RowError("Questions", number, "value", wanted[1])


def _cases(tables: Mapping[str, Rows], errors: list[RowError]) -> dict[str, list[Cells]]:
    """The cases by their rules."""
    known = {cells["id"] for _number, cells in tables["Rules"]}
    found: dict[str, list[Cells]] = {}
    for number, cells in tables["Cases"]:
        if cells["rule"] not in known:
            errors.append(RowError("Cases", number, "rule", "unknown_rule", {"value": cells["rule"][:60]}))
        expect = {name: cells[name] for name in EXPECTED if name in cells}
        own: Cells = {name: cells[name] for name in ("id", "az", "facts") if name in cells}
        found.setdefault(cells["rule"], []).append({**own, "expect": expect})
    return found


def _terms(rows: Rows, errors: list[RowError]) -> dict[str, Any]:
    _once("Terms", "name", rows, errors)
    return {
        cells["name"]: {name: cells[name] for name in ("az", "when") if name in cells} for _n, cells in rows
    }
