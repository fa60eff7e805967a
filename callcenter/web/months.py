"""A year of the working calendar as twelve small months, and the weeks that are worked."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.dates import MONTHS, WEEKDAYS_ABBR
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from agencies.models import Unit
from callcenter.dates import WEEKDAYS
from sla.almanac import OFFICE, Book
from sla.arithmetic import HOURS_24_7, Hours, Shift
from sla.production import Day, Name

LOOKS = {"cabinet_work": "extra", "shortened": "short"}  # every other kind is a day off


@dataclass(frozen=True)
class Square:
    """One day in its month. ``look`` is "", "rest" (a plain weekend), "off", "short" or "extra"."""

    day: int
    look: str
    name: str
    shortened: bool


@dataclass(frozen=True)
class Month:
    """``weeks`` of seven squares, Monday first, None beside the month; ``special``: days and their name."""

    number: int
    name: str
    working_days: int
    weeks: tuple[tuple[Square | None, ...], ...]
    special: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Worked:
    """Hours with their name, their lines in words, and who works them."""

    label: str
    lines: tuple[str, ...]
    units: tuple[str, ...]
    everybody: bool


def weekdays() -> list[tuple[str, str]]:
    """The short and the whole name of each, Monday first."""
    names = WEEKDAYS.get(language(), WEEKDAYS["en"])
    return [(str(WEEKDAYS_ABBR[index]), name) for index, name in enumerate(names)]


def language() -> str:
    return (get_language() or "az")[:2]


def said(name: Name) -> str:
    return name.said(language())


def months(book: Book, year: int) -> list[Month]:
    """The twelve months of ``year``, which has to lie in the calendar."""
    counts = book.working_days(year)
    return [_month(book, year, number, counts[number - 1]) for number in range(1, 13)]


def _month(book: Book, year: int, number: int, working_days: int) -> Month:
    weeks = tuple(
        tuple(_square(book, day) if day.month == number else None for day in week)
        for week in calendar.Calendar().monthdatescalendar(year, number)
    )
    squares = [square for week in weeks for square in week if square]
    return Month(number, str(MONTHS[number]), working_days, weeks, tuple(_special(squares)))


def _special(squares: list[Square]) -> Iterator[tuple[str, str]]:
    """Neighbours of one name together: ("22–24", "Novruz")."""
    for name, run in groupby(squares, key=lambda square: square.name):
        days = [square.day for square in run]
        if name:
            yield (f"{days[0]}–{days[-1]}" if len(days) > 1 else str(days[0])), name


def _square(book: Book, day: date) -> Square:
    found: Day | None = book.days.get(day)
    if found is None:
        plain = book.calendar().is_working(day)
        return Square(day.day, "" if plain else "rest", "", shortened=False)
    return Square(day.day, LOOKS.get(found.kind, "off"), said(found.name), found.shortened)


def hours(book: Book, units: Mapping[str, Unit]) -> list[Worked]:
    """Every week that is worked, the office's first."""
    names = sorted(book.schedules, key=lambda name: name != OFFICE)
    return [
        Worked(
            said(book.schedules[name].label),
            tuple(lines(book.schedules[name].hours)),
            tuple(units[code].name for code, works in book.units.items() if works == name and code in units),
            name == OFFICE,
        )
        for name in names
    ]


def lines(week: Hours) -> Iterator[str]:
    """ "Monday – Friday: 09:00–13:00, 14:00–18:00", one line per run of days that are alike."""
    if week == HOURS_24_7:
        yield _("all day and all night, every day of the year")
        return
    names = WEEKDAYS.get(language(), WEEKDAYS["en"])
    for shifts, run in groupby(range(7), key=lambda weekday: week[weekday]):
        days = list(run)
        if shifts:
            first, last = names[days[0]], names[days[-1]]
            yield f"{first if first == last else f'{first} – {last}'}: {', '.join(map(_shift, shifts))}"


def _shift(shift: Shift) -> str:
    return "–".join(f"{second // 3600:02}:{second % 3600 // 60:02}" for second in shift)
