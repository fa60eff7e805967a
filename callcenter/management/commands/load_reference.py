"""``manage load_reference``: bring the reference data to what the files say."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from callcenter.reference import FOLDER, Report, load
from callcenter.reference.write import Tally


class Command(BaseCommand):
    help = (
        "Loads the reference data (places, categories, documents, agencies, subjects, reasons, dispositions, "
        "the working calendar) and, where there are no rules yet, the first rule set: everything or, when a "
        "row is wrong, nothing. May be run again at any time: rows that an administrator changed stay as "
        "they are, rows that left the files are switched off."
    )
    requires_system_checks: list[str] = []  # the launcher runs it at every start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="folder", type=Path, default=FOLDER, metavar="FOLDER")

    @no_translations
    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        report = load(folder)
        for problem in report.problems:
            self.stderr.write(str(problem))
        if report.problems:
            raise CommandError(f"{len(report.problems)} wrong; nothing was written.")
        self.stdout.write("\n".join(lines(report)))


def lines(report: Report) -> list[str]:
    """What the command tells: the tables that changed, or that none did."""
    said = [line(table) for table in report.tables if table.touched or table.kept]
    if not report.touched:
        total = sum(table.total for table in report.tables)
        said.append(f"Nothing changed: {total} rows are as in the files.")
    return [*said, *filter(None, (report.rules, report.calendar, report.promises))]


def line(table: Tally) -> str:
    parts = {
        "new": table.created,
        "changed": table.changed,
        "switched off": table.retired,
        "kept as an administrator left them": table.kept,
    }
    said = ", ".join(f"{count} {word}" for word, count in parts.items() if count)
    return f"{table.name}: {said} (of {table.total})"
