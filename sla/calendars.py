"""The working calendar in force, and those that were, each read once per process.

A published version never changes, so what has been read of it is kept. Which one is in force is
asked again after ``FRESH`` seconds, or at once after ``forget``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from time import monotonic

from django.utils.translation import get_language

from .almanac import Book, read
from .arithmetic import Calendar
from .models import CalendarVersion

FRESH = 30.0

_known: tuple[int, float] | None = None  # the number in force, and when that was asked


def version() -> int:
    """The number of the version in force; raises ``LookupError`` when none was ever published."""
    global _known
    known, now = _known, monotonic()
    if known is None or not 0 <= now - known[1] < FRESH:
        number = CalendarVersion.objects.order_by("-number").values_list("number", flat=True).first()
        if number is None:
            raise LookupError("There is no working calendar: publish one with `manage load_reference`.")
        _known = known = number, now
    return known[0]


def forget() -> None:
    """Read everything anew; after publishing, and in tests that take a version back."""
    global _known
    _known = None
    _read.cache_clear()


def book(number: int | None = None) -> Book:
    """The version with this number, by default the one in force, as it holds together."""
    return _read(version() if number is None else number)


@lru_cache(maxsize=32)
def _read(number: int) -> Book:
    found = CalendarVersion.objects.get(pk=number)
    return read(found.years, found.hours, found.units)


def calendar(path: Sequence[str] = (), version: int | None = None) -> Calendar:
    """Working time of the unit at the end of ``path`` (codes from its root down), by default the office's."""
    return book(version).calendar(path, _language())


def day_name(day: date) -> str:
    """Why this day is not plain; empty for a plain one."""
    found = book().days.get(day)
    return found.name.said(_language()) if found else ""


def _language() -> str:
    return (get_language() or "az")[:2]
