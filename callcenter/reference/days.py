"""The working calendar of the files: read, and compared with what was published. No database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from sla.almanac import ABOUT, read
from sla.production import OVERRIDES, PUBLISHED, CalendarError, Day, year_calendar

from .files import Files

FILE = "calendar.yaml"
NOT_YEARS = ("mark", "hours", "units", "sensitive_dates")

Documents = dict[str, dict[str, Any]]


def calendar(files: Files, units: Collection[str]) -> Documents:
    """``years``, ``hours`` and ``units`` as ``sla.almanac`` reads them."""
    content: dict[Any, Any] = files.document(FILE, dict)
    mark = content.get("mark", "")
    if not isinstance(mark, str) or not mark.startswith("S:"):
        files.problem(FILE, "mark", "The calendar has to name its source: S:key.")
    found = len(files.problems)
    documents = {
        "years": _years(files, mark, content),
        "hours": _hours(files, content),
        "units": _units(files, content, units),
    }
    if len(files.problems) == found:
        try:
            read(**documents)
        except CalendarError as error:
            files.problem(FILE, "", str(error))
    return documents


def _years(files: Files, mark: str, content: Mapping[Any, Any]) -> dict[str, Any]:
    years: dict[str, Any] = {}
    for year, lists in content.items():
        if year in NOT_YEARS:
            continue
        if not isinstance(year, int) or not 2000 <= year < 2100 or not isinstance(lists, dict):
            files.problem(FILE, str(year), "Here stands a year with its lists of days.")
            continue
        years[str(year)] = {key: value for key, value in lists.items() if key not in PUBLISHED} | {
            "mark": mark
        }
        try:
            _check_published(files, year, lists)
        except CalendarError as error:
            files.problem(FILE, "", str(error))
    return years


def _check_published(files: Files, year: int, lists: Mapping[str, Any]) -> None:
    """What was published has to be what the rule yields: moved days before, the others after the Cabinet."""
    asked = {
        key: files.listed(FILE, f"{year} {key}", value)
        for key, value in lists.items()
        if key not in (*PUBLISHED, *ABOUT)
    }
    final = year_calendar(year, asked)
    by_code = year_calendar(year, {key: days for key, days in asked.items() if key not in OVERRIDES})
    yielded = {
        "moved_off": _of_kind(by_code, "moved_off"),
        "shortened": _of_kind(final, "shortened"),
        "working_days": _working_days(year, final),
    }
    for key in PUBLISHED:
        if key in lists and lists[key] != yielded[key]:
            files.problem(FILE, f"{year} {key}", f"It says {lists[key]}, the lists give {yielded[key]}.")


def _of_kind(days: Mapping[date, Day], kind: str) -> list[str]:
    return [f"{day:%m-%d}" for day, found in days.items() if found.kind == kind]


def _working_days(year: int, days: Mapping[date, Day]) -> int:
    first, last = date(year, 1, 1), date(year, 12, 31)
    every = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return sum(days[day].works if day in days else day.weekday() < 5 for day in every)


def _hours(files: Files, content: Mapping[Any, Any]) -> dict[str, Any]:
    rows = files.rows(FILE, files.listed(FILE, "hours", content.get("hours")), ("week",))
    return {row["id"]: {key: row.get(key) for key in ("az", "en", "ru", "week")} for row in rows}


def _units(files: Files, content: Mapping[Any, Any], known: Collection[str]) -> dict[str, Any]:
    rows = files.rows(FILE, files.listed(FILE, "units", content.get("units")), ("hours",))
    for row in rows:
        files.code(FILE, row["id"], "id", row["id"], known, "agency or unit")
    return {row["id"]: row.get("hours") for row in rows}
