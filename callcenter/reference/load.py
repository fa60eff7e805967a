"""Loading a folder of reference data: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from routing import selectors as routing
from sla import calendars, policies

from .build import build
from .files import Files, Problem
from .promises import write_promises
from .write import Tally, write_calendar, write_rules, write_table

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "reference"


@dataclass(frozen=True)
class Report:
    """What a load found and did. With problems, nothing was written."""

    problems: tuple[Problem, ...] = ()
    tables: tuple[Tally, ...] = ()
    rules: str = ""
    calendar: str = ""
    promises: str = ""

    @property
    def touched(self) -> int:
        """How many rows were created, changed or switched off."""
        return sum(table.touched for table in self.tables)


def load(folder: Path = FOLDER) -> Report:
    """Check the files of ``folder`` and, when nothing is wrong, bring the database to what they say."""
    files = Files(folder)
    book = build(files)
    if files.problems:
        return Report(problems=tuple(files.problems))
    with transaction.atomic():
        tables = tuple(write_table(rows) for rows in book.tables() if rows)
        rules = write_rules(book.rules)
        promised = write_promises(book.promises)
        published, calendar = write_calendar(book.calendar)
    routing.forget()
    calendars.forget()
    policies.forget()
    return Report(tables=(*tables, published), rules=rules, calendar=calendar, promises=promised)
