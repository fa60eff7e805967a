"""A workbook as the rows of its sheets. Nothing in it is run, followed or unpacked beyond its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from routing.rules.book import Document

from .assembling import Rows, document_of
from .cells import LONGEST, unescaped
from .errors import RowError, Wrong
from .layout import KEPT, SHEETS, Columns

MOST_BYTES = 2_000_000  # of the file
MOST_UNPACKED = 16_000_000  # of what it unpacks to
MOST_PARTS = 100  # files in the archive
MOST_ROWS = 10_000  # of a sheet
MOST_COLUMNS = 64
MOST_ERRORS = 200  # told at once


def read(data: bytes, base: Document) -> tuple[dict[str, Any] | None, list[RowError]]:
    """The document that a workbook says, or what cannot be read in it.

    ``base`` is the document it is to replace: sections and their hit policies are taken from it, and how
    members are spelled that say nothing.
    """
    try:
        tables, errors = _tables(data)
    except Wrong as wrong:
        return None, [RowError("", 0, "", wrong.code)]
    if errors:
        return None, errors[:MOST_ERRORS]
    document, errors = document_of(tables, base)
    return (None, errors[:MOST_ERRORS]) if errors else (document, [])


def _tables(data: bytes) -> tuple[dict[str, Rows], list[RowError]]:
    """The rows of every sheet, and what cannot be read. Raises ``Wrong`` for a file that is none of ours."""
    _check_archive(data)
    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        errors = _of_sheets(book.sheetnames)
        tables = [_Table(sheet) for sheet in book.worksheets if sheet.title in SHEETS]
        with ZipFile(BytesIO(data)) as archive:
            for table in tables:
                table.look_for_merged_cells(archive.read(table.sheet._worksheet_path))
                table.read()
                errors += table.errors
    except Exception:  # a damaged workbook breaks its reader anywhere
        raise Wrong("not_xlsx") from None
    return {table.title: table.rows for table in tables}, errors


def _check_archive(data: bytes) -> None:
    """Before anything is unpacked: what it would unpack to. Raises ``Wrong``."""
    if len(data) > MOST_BYTES:
        raise Wrong("too_large")
    try:
        parts = ZipFile(BytesIO(data)).infolist()
    except (BadZipFile, ValueError, OSError):
        raise Wrong("not_xlsx") from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Wrong("too_large")


def _of_sheets(titles: list[str]) -> list[RowError]:
    missing = [RowError(title, 0, "", "no_sheet") for title in SHEETS if title not in titles]
    strange = [title for title in titles if title not in SHEETS and title != KEPT]
    return missing + [RowError(title, 0, "", "unknown_sheet") for title in strange]


_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})""")


class _Table:
    """One sheet: its rows below the titles that say anything, and what cannot be read in it."""

    def __init__(self, sheet: Any) -> None:
        self.sheet, self.title = sheet, sheet.title
        self.columns: Columns = SHEETS[sheet.title]
        self.titles: list[str] = []
        self.rows: Rows = []
        self.errors: list[RowError] = []

    def note(self, row: int, column: str, code: str) -> None:
        self.errors.append(RowError(self.title, row, column, code))

    def look_for_merged_cells(self, part: bytes) -> None:
        """They stand in the sheet's own text only: its reader does not tell of them."""
        for column, row in _MERGED.findall(part)[:MOST_ERRORS]:
            self.note(int(row), column.decode(), "merged")

    def read(self) -> None:
        self.sheet.reset_dimensions()  # they are what the file says of itself
        for number, row in enumerate(self.sheet.iter_rows(), 1):
            if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                self.note(number, "", "too_many_rows" if number > MOST_ROWS else "too_many_columns")
            if len(self.errors) > MOST_ERRORS or len(row) > MOST_COLUMNS or number > MOST_ROWS:
                return
            if number == 1:
                self._read_titles([str(cell.value or "").strip() for cell in row])
            elif cells := dict(self._cells(number, row)):
                self.rows.append((number, cells))

    def _read_titles(self, titles: list[str]) -> None:
        self.titles = titles
        for name in self.columns:
            if titles.count(name) != 1:
                self.note(1, name, "column_twice" if name in titles else "no_column")
        for name in titles:
            if name and name not in self.columns:
                self.note(1, name[:60], "unknown_column")

    def _cells(self, number: int, row: Any) -> Iterator[tuple[str, Any]]:
        """(column, value) of the cells that hold one."""
        for place, cell in enumerate(row):
            if cell.value in (None, ""):
                continue
            name = self.titles[place] if place < len(self.titles) else ""
            if name and name not in self.columns:
                continue  # noted once, at its title
            try:
                yield name, self._value(name, cell)
            except Wrong as wrong:
                self.note(number, name or get_column_letter(place + 1), wrong.code)

    def _value(self, name: str, cell: Any) -> Any:
        if not name:
            raise Wrong("outside")
        if cell.data_type in ("f", "e"):
            raise Wrong("formula" if cell.data_type == "f" else "not_text")
        if not isinstance(cell.value, str):
            return self.columns[name].read(cell.value)
        if len(cell.value) > LONGEST:
            raise Wrong("cell_too_long")
        return self.columns[name].read(unescaped(cell.value))
