"""A document as a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from routing.dmn import Names
from routing.rules.book import Document

from .cells import LONGEST, TEXT, escaped
from .errors import TooLong
from .layout import KEPT, SHEETS, Cells, Columns, condition_as_cells

RUN = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for the beginning of a formula


def write(document: Document, names: Names) -> bytes:
    """The workbook of a usable document. ``names`` are listed beside it. Raises ``TooLong``."""
    book = Workbook()
    book.remove(book.worksheets[0])
    rows = {
        "Rules": _rules_as_cells(document),
        "Questions": _questions_as_cells(document),
        "Cases": _cases_as_cells(document),
        "Terms": ({"name": name, **term} for name, term in document.get("terms", {}).items()),
    }
    for title, columns in SHEETS.items():
        _put(book, title, columns, rows[title])
    codes = [
        {"list": name, "code": code, "name": said}
        for name, listed in names.items()
        for code, said in listed.items()
    ]
    _put(book, KEPT, dict.fromkeys(("list", "code", "name"), TEXT), codes)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def _rules_as_cells(document: Document) -> Iterator[Cells]:
    for section in document["sections"]:
        for rule in section["rules"]:
            reason = {f"reason {language}": said for language, said in rule.get("reason", {}).items()}
            yield _said(
                {"section": section["code"], "id": rule["id"], "mark": rule.get("mark")},
                condition_as_cells(rule.get("when")),
                rule["then"],
                reason,
            )


def _said(*parts: Mapping[str, Any]) -> Cells:
    """The members that say something: an empty list or text says what an absent one does."""
    return {name: value for part in parts for name, value in part.items() if value not in (None, [], "")}


def _questions_as_cells(document: Document) -> Iterator[Cells]:
    for question in document.get("questions", ()):
        yield _said({name: value for name, value in question.items() if name != "options"})
        for option in question.get("options", ()):
            yield {"code": question["code"], **option}


def _cases_as_cells(document: Document) -> Iterator[Cells]:
    for section in document["sections"]:
        for rule in section["rules"]:
            for case in rule.get("cases", ()):
                yield {
                    "rule": rule["id"],
                    **{name: case[name] for name in ("id", "az", "facts")},
                    **case["expect"],
                }


def _put(book: Workbook, title: str, columns: Columns, rows: Iterable[Cells]) -> None:
    sheet = book.create_sheet(title)
    for place, name in enumerate(columns, 1):
        sheet.cell(1, place, name).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = 24
    sheet.freeze_panes = "C2"
    for number, cells in enumerate(rows, 2):
        for place, (name, kind) in enumerate(columns.items(), 1):
            if name in cells:
                _put_value(sheet.cell(number, place), kind.write(cells[name]), _name(cells))


def _name(cells: Cells) -> str:
    """What a row is about, as people know it."""
    return str(next(cells[name] for name in ("rule", "id", "code", "name") if name in cells))


def _put_value(cell: Any, value: str | int, row: str) -> None:
    """Texts are marked as texts, so that no spreadsheet runs or rewrites them."""
    if isinstance(value, int):
        cell.value = value
        return
    said = escaped(value)
    if len(said) > LONGEST:
        raise TooLong(row)
    cell.value = said
    cell.data_type, cell.number_format = "s", "@"
    cell.quotePrefix = value.startswith(RUN)
    cell.alignment = Alignment(vertical="top", wrap_text=len(said) > 40)
