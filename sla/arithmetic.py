"""Working time on a published calendar, in plain Python.

``W(t)`` is the number of working seconds from the calendar's first day to ``t``; prefix sums per
day make both it and its inverse O(log n). All local reckoning is Asia/Baku, which has had no
summer time since 2016; instants go in and come out as aware datetimes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BAKU = ZoneInfo("Asia/Baku")
HOURS = ((time(9), time(13)), (time(14), time(18)))  # 8 working hours, the usual office day [G]
DAY_END = time(18)
SOON = 0.75  # share of the target after which a clock counts as "soon late" [D]

TARGET = re.compile(r"(?P<n>\d{1,3}) (?P<unit>min|h|wh|wd)")


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


SHIFTS = tuple((_seconds(a), _seconds(b)) for a, b in HOURS)
FULL_DAY = sum(b - a for a, b in SHIFTS)


def _worked_by(second: int) -> int:
    """Working seconds of a working day that have passed by this second of the day."""
    return sum(max(0, min(second, end) - start) for start, end in SHIFTS)


def _second_after(worked: int) -> int:
    """The second of a working day at which ``worked`` (> 0) working seconds have passed."""
    for start, end in SHIFTS:
        if worked <= end - start:
            return start + worked
        worked -= end - start
    return SHIFTS[-1][1]


@dataclass(frozen=True)
class Due:
    """A computed due instant; ``provisional`` when it lies beyond the confirmed calendar."""

    warn_at: datetime
    due_at: datetime
    provisional: bool


class Calendar:
    """Which days are worked, from ``first`` to ``last``.

    ``exceptions`` says of single days whether they are worked; others follow the five-day week.
    Days after ``confirmed_until`` are a guess until the ministry publishes that year.
    """

    def __init__(
        self, exceptions: Mapping[date, bool], *, first: date, last: date, confirmed_until: date
    ) -> None:
        self.first = first
        self.confirmed_until = confirmed_until
        self._starts = [0]
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            works = exceptions.get(day, day.weekday() < 5)
            self._starts.append(self._starts[-1] + (FULL_DAY if works else 0))

    def is_working(self, day: date) -> bool:
        index = self._index(day)
        return self._starts[index + 1] > self._starts[index]

    def _index(self, day: date) -> int:
        index = (day - self.first).days
        if not 0 <= index < len(self._starts) - 1:
            raise ValueError(f"{day} is outside the calendar")
        return index

    def position(self, instant: datetime) -> int:
        """``W(instant)``: working seconds since the first day of the calendar."""
        local = instant.astimezone(BAKU)
        index = self._index(local.date())
        worked = _worked_by(_seconds(local.time())) if self.is_working(local.date()) else 0
        return self._starts[index] + worked

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Working seconds from ``start`` to ``end``; negative when ``end`` is earlier."""
        return self.position(end) - self.position(start)

    def add_working(self, start: datetime, seconds: int) -> datetime:
        """The instant at which ``seconds`` > 0 of working time have passed since ``start``."""
        wanted = self.position(start) + seconds
        index = bisect_left(self._starts, wanted) - 1
        if index >= len(self._starts) - 1:
            raise ValueError("beyond the calendar")
        second = _second_after(wanted - self._starts[index])
        return self._at(self.first + timedelta(days=index), second)

    def end_of_working_day(self, start: datetime, days: int) -> datetime:
        """The end of the ``days``-th working day after the day of ``start``.

        What arrives after hours or on a day off counts as arriving on the next working day
        (``domain.md`` 3.1 consequence 8 [D]).
        """
        local = start.astimezone(BAKU)
        after_today = self._starts[self._index(local.date()) + 1]
        in_hours = self.is_working(local.date()) and local.time() < DAY_END
        wanted = after_today + (days if in_hours else days + 1) * FULL_DAY
        index = bisect_left(self._starts, wanted) - 1
        return self._at(self.first + timedelta(days=index), _seconds(DAY_END))

    def windows(self, first: date, last: date) -> list[tuple[datetime, datetime]]:
        """The working hours from ``first`` to ``last``, for clocks that count in the browser."""
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [
            (self._at(day, start), self._at(day, end))
            for day in days
            if self.is_working(day)
            for start, end in SHIFTS
        ]

    def due(self, start: datetime, target: str) -> Due:
        """Due and warning instants of a target such as "8 wh" or "7 wd" that starts at ``start``.

        ``min`` and ``h`` run round the clock, ``wh`` in working hours, ``wd`` to the end of a
        working day. Raises ``ValueError`` for another spelling.
        """
        match = TARGET.fullmatch(target)
        if not match:
            raise ValueError(f"not a target: {target!r}")
        amount, unit = int(match["n"]), match["unit"]
        if unit in ("min", "h"):
            span = timedelta(minutes=amount) if unit == "min" else timedelta(hours=amount)
            due_at, warn_at = start + span, start + span * SOON
        else:
            due_at = (
                self.add_working(start, amount * 3600)
                if unit == "wh"
                else self.end_of_working_day(start, amount)
            )
            warn_at = self.add_working(start, max(1, int(self.working_seconds(start, due_at) * SOON)))
        return Due(warn_at, due_at, due_at.astimezone(BAKU).date() > self.confirmed_until)

    def _at(self, day: date, second: int) -> datetime:
        midnight = datetime.combine(day, time(), tzinfo=BAKU)
        return (midnight + timedelta(seconds=second)).astimezone(UTC)
