"""What cannot be read in a workbook, or not be written into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from events.errors import Invalid, Sentence


@dataclass(frozen=True)
class RowError:
    """What cannot be read: where, and a code with its details.

    No ``sheet``: the whole file. Row 0: the whole sheet. ``column`` is the title of the column, or its letter
    where it has none.
    """

    sheet: str
    row: int
    column: str
    code: str
    details: Mapping[str, str] = field(default_factory=dict)


class Wrong(ValueError):
    """A cell or a file that cannot be read, by the code of its ``RowError``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooLong(ValueError):
    """A part of the rule ``row`` does not fit into a cell."""

    def __init__(self, row: str) -> None:
        super().__init__(row)
        self.row = row


ERRORS: Mapping[str, Sentence] = {
    "too_large": _("The file is too large."),
    "not_xlsx": _("This is not a workbook in the format XLSX, or it is damaged."),
    "no_sheet": _("The workbook has no sheet of this name."),
    "unknown_sheet": _("A workbook of rules has no sheet of this name. Take it out."),
    "too_many_rows": _("The sheet has more rows than a rule set can have."),
    "too_many_columns": _("The sheet has more columns than a rule set can have."),
    "no_column": _("This column is missing. Leave it empty rather than take it out."),
    "unknown_column": _("There is no such column."),
    "column_twice": _("This column stands twice."),
    "outside": _("There is something in a column without a title."),
    "merged": _("Cells are merged here. Undo it: each row has cells of its own."),
    "formula": _("There is a formula here. Write what it gives instead."),
    "cell_too_long": _("The text is too long for a cell."),
    "not_text": _("A text is expected here. Format the cell as text and write it again."),
    "not_a_number": _("A whole number is expected here."),
    "not_yes_or_no": _("Write yes or no, or leave the cell empty."),
    "not_codes": _("Write codes with commas between them."),
    "bad_json": _("This is not JSON, or it is nested too deeply."),
    "missing": _("This is missing."),
    "unknown_section": _("There is no such section."),
    "twice": _("%(value)s stands twice."),
    "unknown_rule": _("There is no rule %(value)s in the sheet of rules."),
    "unknown_question": _("No question %(value)s stands above."),
}


def sentence(error: RowError) -> Sentence:
    """What is wrong, in the reader's language, with its column."""
    said = ERRORS[error.code] % dict(error.details) if error.details else ERRORS[error.code]
    return format_lazy("{}: {}", error.column, said) if error.column else said


def refuse(errors: Iterable[RowError]) -> None:
    """Raise ``Invalid`` with what is wrong, if anything: ``rows.<sheet>.<row>`` to sentences."""
    told: dict[str, list[Sentence]] = {}
    for error in errors:
        place = f"rows.{error.sheet}.{error.row}" if error.row else f"rows.{error.sheet}"
        told.setdefault(place if error.sheet else "file", []).append(sentence(error))
    if told:
        raise Invalid(code="invalid_sheet", errors=told)
