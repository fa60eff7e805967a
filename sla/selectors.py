"""Reading the calendar and lateness."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.cache import cache

from events import clock
from intake.models import Application

from .arithmetic import BAKU, Calendar, Due
from .models import CalendarDay, Clock

_CACHE_KEY = "sla-calendar"


def calendar() -> Calendar:
    """The working calendar, built once per process and rebuilt after an edit."""
    known: Calendar | None = cache.get(_CACHE_KEY)
    if known is None:
        days = {row.date: row.works for row in CalendarDay.objects.all()}
        last = max(days, default=date(2026, 12, 31))
        known = Calendar(
            days,
            first=date(2024, 1, 1),
            last=date(last.year + 3, 12, 31),
            confirmed_until=date(last.year, 12, 31),
        )
        cache.set(_CACHE_KEY, known, 60)
    return known


def forget_calendar() -> None:
    cache.delete(_CACHE_KEY)


def due(start: datetime, target: str) -> Due:
    return calendar().due(start, target)


def promise(application: Application) -> Due:
    """The running promise of an application: a replacement never gets more time than the citizen was told."""
    running = Clock.objects.get(application=application, kind="promise", stopped_at=None)
    return Due(running.warn_at, running.due_at, running.provisional)


def time_state(due_at: datetime | None, warn_at: datetime | None = None) -> str:
    """``ontime``, ``soon``, ``late`` or ``none``: derived, never stored."""
    if due_at is None:
        return "none"
    present = clock.now()
    if present > due_at:
        return "late"
    return "soon" if warn_at is not None and present >= warn_at else "ontime"


def working_seconds_left(due_at: datetime) -> int:
    """Working seconds until ``due_at``; negative once it has passed."""
    return calendar().working_seconds(clock.now(), due_at)


def open_hours(back: int = 40, ahead: int = 70) -> list[tuple[datetime, datetime]]:
    """The working hours around today, for browsers that count remainders themselves."""
    today = clock.now().astimezone(BAKU).date()
    return calendar().windows(today - timedelta(days=back), today + timedelta(days=ahead))


def special_days(first: date, last: date) -> dict[date, str]:
    """Days off from ``first`` to ``last`` that are not plain weekends, with the kind of each."""
    rows = CalendarDay.objects.filter(date__range=(first, last)).exclude(kind="cabinet_work")
    return dict(rows.values_list("date", "kind"))
