"""The yardstick of due instants: walking from day to day, as one does with a finger on the calendar."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sla.arithmetic import BAKU, Calendar


def walk(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The end of the ``days``-th working day after the day of ``start``."""
    local = start.astimezone(BAKU)
    day, shifts = local.date(), calendar.shifts(local.date())
    second = local.hour * 3600 + local.minute * 60 + local.second
    left = days if shifts and second < shifts[-1][1] else days + 1
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working(day)
    return datetime.combine(day, time(), tzinfo=BAKU) + timedelta(seconds=calendar.shifts(day)[-1][1])
