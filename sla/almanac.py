"""The whole working calendar: its years, the weeks that are worked, and who works which. Plain Python.

A calendar is three documents, as an administrator publishes them:

``years``: ``{"2026": {"holidays": ["01-01", …], "novruz": […], "ramazan": […], "qurban": […],
"mourning": […], "cabinet_off": […], "cabinet_work": […], "confirmed": true, "mark": "S:W2"}}``;
``hours``: ``{"office": {"az": …, "en": …, "ru": …, "week": [["09:00-13:00", "14:00-18:00"], …]}}``,
a week being seven lists of shifts, Monday first; ``units``: ``{"MOH.PSM": "round_the_clock"}``, the
hours of a unit and of all below it. Who is not named works ``office``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from .arithmetic import DAY, Calendar, Hours, Shift
from .production import (
    FIXED,
    GROUPS,
    NOVRUZ,
    OVERRIDES,
    CalendarError,
    Day,
    Name,
    NotADay,
    UnknownKey,
    day_kinds,
    day_names,
    year_calendar,
)

OFFICE = "office"
AHEAD = 4  # years after the last published one in which a promise may still end
LISTS = ("holidays", *GROUPS, "mourning", *OVERRIDES)
ABOUT = ("confirmed", "mark")

_YEAR = re.compile(r"20\d\d")
_SHIFT = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class NotAYear(CalendarError):
    code = "not_a_year"


class YearMissing(CalendarError):
    code = "year_missing"


class NotAList(CalendarError):
    code = "not_a_list"


class NotAWeek(CalendarError):
    code = "not_a_week"


class BadShift(CalendarError):
    code = "bad_shift"


class WithoutHours(CalendarError):
    code = "without_hours"


class UnknownHours(CalendarError):
    code = "unknown_hours"


@dataclass(frozen=True)
class Schedule:
    """A week that is worked, and what it is called."""

    label: Name
    hours: Hours


@dataclass(frozen=True, eq=False)
class Book:
    """A calendar that holds together, from ``first`` to ``last``.

    ``days`` are all that are not plain. Years without data have the holidays that the law fixes
    and the usual Novruz; they and unconfirmed years are a guess, and so is every instant after
    ``confirmed_until``, the end of the first unbroken run of confirmed years.
    """

    first: date
    last: date
    confirmed_until: date
    confirmed: frozenset[int]
    days: Mapping[date, Day]
    schedules: Mapping[str, Schedule]
    units: Mapping[str, str]

    def schedule(self, path: Sequence[str]) -> str:
        """Whose hours the unit at the end of ``path`` works: its own, or those of the nearest above it."""
        return next((self.units[code] for code in reversed(path) if code in self.units), OFFICE)

    def calendar(self, path: Sequence[str] = (), language: str = "az") -> Calendar:
        """Working time of the unit at the end of ``path``, by default the office's.

        ``path`` are the codes from its root down; ``language`` is that of the days' names.
        """
        return _reckoning(self, self.schedule(path), language)

    def working_days(self, year: int) -> list[int]:
        """How many days the office works in each month, January first."""
        known, counts = self.calendar(), [0] * 12
        day = date(year, 1, 1)
        while day.year == year:
            counts[day.month - 1] += known.is_working(day)
            day += timedelta(days=1)
        return counts


@lru_cache(maxsize=128)
def _reckoning(book: Book, schedule: str, language: str) -> Calendar:
    return Calendar(
        day_kinds(book.days),
        first=book.first,
        last=book.last,
        confirmed_until=book.confirmed_until,
        hours=book.schedules[schedule].hours,
        names=day_names(book.days, language),
    )


def read(years: Mapping[str, Any], hours: Mapping[str, Any], units: Mapping[str, Any]) -> Book:
    """The calendar that the three documents describe; raises a ``CalendarError`` for wrong ones."""
    known = {_year(key): _lists(key, data) for key, data in sorted(years.items())}
    first, last = _run(known)
    confirmed = frozenset(year for year in known if years[str(year)].get("confirmed") is True)
    days: dict[date, Day] = {}
    for year in range(first, last + AHEAD + 1):
        days |= year_calendar(year, known[year] if year in known else by_law(year))
    schedules = {name: Schedule(_label(name, data), _week(name, data)) for name, data in hours.items()}
    _check_units(units, schedules)
    return Book(
        first=date(first, 1, 1),
        last=date(last + AHEAD, 12, 31),
        confirmed_until=_confirmed_until(first, confirmed),
        confirmed=confirmed,
        days=days,
        schedules=schedules,
        units=dict(units),
    )


def by_law(year: int) -> dict[str, list[str]]:
    """The lists of a year of which only the law is known: no Ramazan and no Qurban, Novruz as usual."""
    fixed = sorted({*FIXED, *NOVRUZ})
    return {
        "holidays": [f"{month:02}-{day:02}" for month, day in fixed],
        "mourning": ["01-20"],
    }


def _year(key: str) -> int:
    if not _YEAR.fullmatch(str(key)):
        raise NotAYear(f"not a year: {key}", key=str(key))
    return int(key)


def _lists(year: str, data: Any) -> dict[str, Any]:
    """The lists of one year, without what is said about the year."""
    if not isinstance(data, Mapping):
        raise NotAYear(f"{year} has no lists", key=year)
    lists = {key: value for key, value in data.items() if key not in ABOUT}
    for key, value in lists.items():
        if key not in LISTS:
            raise UnknownKey(f"{year}: unknown {key}", key=key)
        if not isinstance(value, list):
            raise NotAList(f"{year}: {key} is no list", key=key)
        for each in value:
            if not isinstance(each, str):
                raise NotADay(f"{year}: not a day: {each} ({key})", key=key, text=str(each))
    if not isinstance(data.get("confirmed", False), bool):
        raise NotAYear(f"{year} is neither confirmed nor not", key=year)
    return lists


def _run(years: Mapping[int, Any]) -> tuple[int, int]:
    """The first and the last year, when none between them is missing."""
    if not years:
        raise YearMissing("a calendar has at least one year")
    first, last = min(years), max(years)
    missing = [year for year in range(first, last) if year not in years]
    if missing:
        raise YearMissing(f"{missing[0]} is missing between {first} and {last}", key=str(missing[0]))
    return first, last


def _confirmed_until(first: int, confirmed: frozenset[int]) -> date:
    year = min(confirmed, default=first) - 1
    while year + 1 in confirmed:
        year += 1
    return date(year, 12, 31)


def _label(name: str, data: Any) -> Name:
    if not isinstance(data, Mapping) or not all(isinstance(data.get(key), str) for key in Name._fields):
        raise NotAWeek(f"{name}: a name in three languages and a week", key=name)
    return Name(data["az"], data["en"], data["ru"])


def _week(name: str, data: Mapping[str, Any]) -> Hours:
    week = data.get("week")
    if not isinstance(week, list) or len(week) != 7 or not all(isinstance(day, list) for day in week):
        raise NotAWeek(f"{name}: a week is seven lists of shifts", key=name)
    hours = tuple(_day(name, day) for day in week)
    if not any(hours):
        raise WithoutHours(f"{name}: nothing is ever worked", key=name)
    return hours


def _day(name: str, texts: list[Any]) -> tuple[Shift, ...]:
    """The shifts of a day, each after the one before it."""
    shifts: list[Shift] = []
    for text in texts:
        start, end = _shift(name, text)
        if not (shifts[-1][1] if shifts else 0) <= start < end <= DAY:
            raise BadShift(f"{name}: not after the shift before it: {text}", key=name, text=str(text))
        shifts.append((start, end))
    return tuple(shifts)


def _shift(name: str, text: Any) -> Shift:
    found = _SHIFT.fullmatch(str(text))
    if not found:
        raise BadShift(f"{name}: not a shift: {text}", key=name, text=str(text))
    since_hour, since_minute, until_hour, until_minute = map(int, found.groups())
    return since_hour * 3600 + since_minute * 60, until_hour * 3600 + until_minute * 60


def _check_units(units: Mapping[str, Any], schedules: Mapping[str, Schedule]) -> None:
    for unit, name in [("", OFFICE), *units.items()]:
        if name not in schedules:
            raise UnknownHours(f"{unit or 'everybody'} works unknown hours: {name}", key=unit, text=str(name))
