"""The working calendar of the files: which dates are off or worked against the plain week. No database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sla.models import CalendarDay

from .files import Files

FILE = "calendar.yaml"

# Lists of a year that say whether a day is worked, the weightiest last: the Cabinet overrules the Code.
DAYS = {
    "moved_off": "moved_off",
    "holidays": "holiday",
    "mourning": "mourning",
    "cabinet_off": "cabinet_off",
    "cabinet_work": "cabinet_work",
}
FOR_THE_RECORD = ("ramazan", "qurban", "shortened")


def calendar_days(files: Files) -> list[CalendarDay]:
    """The days that differ from the plain five-day week."""
    days: list[CalendarDay] = []
    content: dict[Any, Any] = files.document(FILE, dict)
    mark = content.get("mark", "")
    if not isinstance(mark, str) or not mark.startswith("S:"):
        files.problem(FILE, "mark", "The calendar has to name its source: S:key.")
    for year, lists in content.items():
        if year in ("mark", "sensitive_dates"):
            continue
        if not isinstance(year, int) or not 2000 <= year < 2100 or not isinstance(lists, dict):
            files.problem(FILE, str(year), "Here stands a year with its lists of days.")
            continue
        kinds = _kinds(files, year, lists)
        days += [CalendarDay(date=day, kind=kind, mark=mark) for day, kind in sorted(kinds.items())]
        _check_working_days(files, year, kinds, lists.get("working_days"))
    return days


def _kinds(files: Files, year: int, lists: dict[str, Any]) -> dict[date, str]:
    """What kind of day each listed date is; only a working day by the Cabinet may lie on another kind."""
    for unknown in lists.keys() - {*DAYS, *FOR_THE_RECORD, "working_days"}:
        files.problem(FILE, f"{year}", f"There is no list {unknown!r}.")
    kinds: dict[date, str] = {}
    for name in (*DAYS, *FOR_THE_RECORD):
        for text in files.listed(FILE, f"{year} {name}", lists.get(name)):
            try:
                day = date.fromisoformat(f"{year}-{text}")
            except ValueError:
                files.problem(FILE, f"{year} {name}", f"{text!r} is no day such as '03-20'.")
                continue
            if name in FOR_THE_RECORD:
                continue
            if day in kinds and name != "cabinet_work":
                files.problem(FILE, f"{year} {name}", f"{text} stands in another list too.")
            kinds[day] = DAYS[name]
    return kinds


def _check_working_days(files: Files, year: int, kinds: dict[date, str], stated: Any) -> None:
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    worked = sum(kinds.get(day) == "cabinet_work" if day in kinds else day.weekday() < 5 for day in days)
    if stated not in (None, worked):
        files.problem(FILE, f"{year} working_days", f"It says {stated}, the lists give {worked}.")
