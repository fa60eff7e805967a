"""Working time on a published calendar, in plain Python.

``W(t)`` is the number of working seconds from the calendar's first day to ``t``; prefix sums per
day make both it and its inverse O(log n). Which hours are worked is data: an office has its two
shifts, a crisis unit every second (``HOURS_24_7``). All local reckoning is Asia/Baku, which has had no
summer time since 2016; instants go in and come out as aware datetimes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BAKU = ZoneInfo("Asia/Baku")
HOURS = ((time(9), time(13)), (time(14), time(18)))  # 8 working hours, the usual office day [G]
DAY_END = time(18)
SOON = 0.75  # share of the target after which a clock counts as "soon late" [D]

TARGET = re.compile(r"(?P<n>\d{1,3}) (?P<unit>min|h|wh|wd)")


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


Shift = tuple[int, int]  # start and end, as seconds of the day
Hours = tuple[tuple[Shift, ...], ...]  # the shifts of each weekday, Monday first

DAY = 24 * 3600
HOUR = 3600
SHIFTS: tuple[Shift, ...] = tuple((_seconds(a), _seconds(b)) for a, b in HOURS)
FULL_DAY = sum(b - a for a, b in SHIFTS)
OFFICE_HOURS: Hours = (SHIFTS,) * 5 + ((), ())
HOURS_24_7: Hours = (((0, DAY),),) * 7


@dataclass(frozen=True)
class DayKind:
    """How a single day differs from its weekday.

    ``like`` is the weekday (Monday = 0) whose hours are worked; without it a day has the hours of
    its own weekday, or of the first weekday that has any.
    """

    works: bool
    shortened: bool = False
    like: int | None = None


OFF = DayKind(works=False)
WORKING = DayKind(works=True)
SHORTENED = DayKind(works=True, shortened=True)


def works_as(weekday: int) -> DayKind:
    """A rest day that the Cabinet makes a working day, with the hours of this weekday."""
    return DayKind(works=True, like=weekday)


def _shifts_on(day: date, kind: DayKind | bool | None, hours: Hours) -> tuple[Shift, ...]:
    """The shifts of one day; ``True`` and ``False`` stand for ``WORKING`` and ``OFF``."""
    own = hours[day.weekday()]
    if kind is None:
        return own
    if isinstance(kind, bool):
        kind = WORKING if kind else OFF
    if not kind.works:
        return ()
    chosen = own if kind.like is None else hours[kind.like]
    worked = chosen or next((shifts for shifts in hours if shifts), ())
    return _shortened(worked) if kind.shortened else worked


def _shortened(shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
    """The last working hour falls away (Labour Code, article 108), also when the last shift is shorter."""
    left, kept = sum(end - start for start, end in shifts) - HOUR, []
    for start, end in shifts:
        if left > 0:
            kept.append((start, min(end, start + left)))
        left -= end - start
    return tuple(kept)


def _check(hours: Hours) -> None:
    if len(hours) != 7:
        raise ValueError("hours are given for seven weekdays")
    for shifts in hours:
        edges = [edge for shift in shifts for edge in shift]
        if edges != sorted(edges) or any(a == b for a, b in shifts) or not all(0 <= e <= DAY for e in edges):
            raise ValueError(f"not the shifts of a day: {shifts}")


def _worked_by(shifts: tuple[Shift, ...], second: int) -> int:
    """Working seconds of a day that have passed by this second of the day."""
    return sum(max(0, min(second, end) - start) for start, end in shifts)


def _second_after(shifts: tuple[Shift, ...], worked: int) -> int:
    """The second of the day at which ``worked`` (> 0) working seconds have passed."""
    for start, end in shifts:
        if worked <= end - start:
            return start + worked
        worked -= end - start
    return shifts[-1][1]


@dataclass(frozen=True)
class Stretch:
    """A piece of time and why it counts or not; ``seconds`` is the working time in it.

    ``kind`` is ``counted``, ``night`` (outside the hours of a working day, lunch included),
    ``weekend``, ``holiday`` or ``paused``; ``name`` is the holiday's, or the reason of the pause.
    """

    start: datetime
    end: datetime
    kind: str
    name: str
    seconds: int


@dataclass(frozen=True)
class Due:
    """A computed due instant; ``provisional`` when it lies beyond the confirmed calendar."""

    warn_at: datetime
    due_at: datetime
    provisional: bool


ROUND_THE_CLOCK = {"min": 60, "h": HOUR}  # units of a target that count every second


def is_round_the_clock(target: str) -> bool:
    """Does every second of this target count, whatever the calendar says?"""
    return _parsed(target)[1] in ROUND_THE_CLOCK


def extended(target: str, *, to: str = "", add: str = "") -> str:
    """The target after an extension; raises ``ValueError`` for amounts of two kinds or a shorter one."""
    (had, unit), (amount, other) = _parsed(target), _parsed(to or add)
    longer = amount if to else had + amount
    if unit != other or longer <= had:
        raise ValueError(f"{target} cannot be extended by {to or add}")
    return f"{longer} {unit}"


def _parsed(target: str) -> tuple[int, str]:
    match = TARGET.fullmatch(target)
    if not match:
        raise ValueError(f"not a target: {target!r}")
    return int(match["n"]), match["unit"]


class Reckoning(Protocol):
    """What counts time: a calendar, or the clock on the wall."""

    def position(self, instant: datetime) -> int: ...

    def add_working(self, start: datetime, seconds: int) -> datetime: ...

    def describe(self, start: datetime, end: datetime) -> list[Stretch]: ...


class WallClock:
    """Every second counts and no calendar ends: targets in ``min`` and ``h``."""

    def position(self, instant: datetime) -> int:
        return (instant - _EPOCH) // timedelta(seconds=1)

    def add_working(self, start: datetime, seconds: int) -> datetime:
        return start.astimezone(UTC) + timedelta(seconds=seconds)

    def describe(self, start: datetime, end: datetime) -> list[Stretch]:
        seconds = self.position(end) - self.position(start)
        return [Stretch(start.astimezone(UTC), end.astimezone(UTC), "counted", "", seconds)]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WALL = WallClock()


class Calendar:
    """When work is done, from ``first`` to ``last``.

    ``hours`` are those of an ordinary week. ``days`` says how single days differ from it and
    ``names`` what they are called. Days after ``confirmed_until`` are a guess until the ministry
    publishes that year. Who works round the clock has no days off: ``HOURS_24_7`` ignores ``days``.
    """

    def __init__(
        self,
        days: Mapping[date, DayKind | bool] | Mapping[date, DayKind] | Mapping[date, bool],
        *,
        first: date,
        last: date,
        confirmed_until: date,
        hours: Hours = OFFICE_HOURS,
        names: Mapping[date, str] | None = None,
    ) -> None:
        _check(hours)
        self.first = first
        self.confirmed_until = confirmed_until
        self._rest = frozenset(weekday for weekday in range(7) if not hours[weekday])
        self._names = dict(names or {})
        self._shifts: list[tuple[Shift, ...]] = []
        self._starts = [0]  # working seconds before each day
        self._days = [0]  # working days before each day
        known: Mapping[date, DayKind | bool] = {} if hours == HOURS_24_7 else dict(days)
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            shifts = _shifts_on(day, known.get(day), hours)
            self._shifts.append(shifts)
            self._starts.append(self._starts[-1] + sum(end - start for start, end in shifts))
            self._days.append(self._days[-1] + bool(shifts))

    def is_working(self, day: date) -> bool:
        return bool(self._shifts[self._index(day)])

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """The shifts worked on this day, in seconds of the day."""
        return self._shifts[self._index(day)]

    def _index(self, day: date) -> int:
        index = (day - self.first).days
        if not 0 <= index < len(self._shifts):
            raise ValueError(f"{day} is outside the calendar")
        return index

    def position(self, instant: datetime) -> int:
        """``W(instant)``: working seconds since the first day of the calendar."""
        local = instant.astimezone(BAKU)
        index = self._index(local.date())
        return self._starts[index] + _worked_by(self._shifts[index], _seconds(local.time()))

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Working seconds from ``start`` to ``end``; negative when ``end`` is earlier."""
        return self.position(end) - self.position(start)

    def add_working(self, start: datetime, seconds: int) -> datetime:
        """The instant at which ``seconds`` > 0 of working time have passed since ``start``."""
        wanted = self.position(start) + seconds
        index = bisect_left(self._starts, wanted) - 1
        if index >= len(self._shifts):
            raise ValueError("beyond the calendar")
        second = _second_after(self._shifts[index], wanted - self._starts[index])
        return self._at(self.first + timedelta(days=index), second)

    def end_of_working_day(self, start: datetime, days: int) -> datetime:
        """The end of the ``days``-th working day after the day of ``start``.

        What arrives after hours or on a day off counts as arriving on the next working day
        (``domain.md`` 3.1 consequence 8 [D]).
        """
        local = start.astimezone(BAKU)
        today = self._index(local.date())
        shifts = self._shifts[today]
        in_hours = bool(shifts) and _seconds(local.time()) < shifts[-1][1]
        wanted = self._days[today + 1] + (days if in_hours else days + 1)
        index = bisect_left(self._days, wanted) - 1
        if index >= len(self._shifts):
            raise ValueError("beyond the calendar")
        return self._at(self.first + timedelta(days=index), self._shifts[index][-1][1])

    def windows(self, first: date, last: date) -> list[tuple[datetime, datetime]]:
        """The working hours from ``first`` to ``last``, for clocks that count in the browser."""
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [(self._at(day, start), self._at(day, end)) for day in days for start, end in self.shifts(day)]

    def describe(self, start: datetime, end: datetime) -> list[Stretch]:
        """Why the time from ``start`` to ``end`` counts or not: stretches without a gap that add up.

        Neighbours of one kind and name are one stretch: a weekend, the five days of Novruz.
        """
        if end < start:
            raise ValueError("a description runs forward")
        stretches: list[Stretch] = []
        day, last = start.astimezone(BAKU).date(), end.astimezone(BAKU).date()
        while day <= last:
            for since, until, kind, name in self._pieces(day):
                begin, stop = max(start, self._at(day, since)), min(end, self._at(day, until))
                if begin < stop:
                    self._append(stretches, begin.astimezone(UTC), stop.astimezone(UTC), kind, name)
            day += timedelta(days=1)
        return stretches

    def _append(self, stretches: list[Stretch], start: datetime, end: datetime, kind: str, name: str) -> None:
        if stretches and (stretches[-1].kind, stretches[-1].name) == (kind, name):
            start = stretches.pop().start
        stretches.append(Stretch(start, end, kind, name, self.working_seconds(start, end)))

    def _pieces(self, day: date) -> Iterator[tuple[int, int, str, str]]:
        """One day from midnight to midnight: start, end, kind and name of each piece."""
        shifts = self.shifts(day)
        if not shifts:
            name = self._names.get(day, "")
            plain = day.weekday() in self._rest and not name
            yield 0, DAY, "weekend" if plain else "holiday", name
            return
        before = 0
        for start, end in shifts:
            yield before, start, "night", ""
            yield start, end, "counted", ""
            before = end
        yield before, DAY, "night", ""

    def due(self, start: datetime, target: str) -> Due:
        """Due and warning instants of a target such as "8 wh" or "7 wd" that starts at ``start``.

        ``min`` and ``h`` run round the clock, ``wh`` in working hours, ``wd`` to the end of a
        working day. Raises ``ValueError`` for another spelling.
        """
        amount, unit = _parsed(target)
        if unit in ROUND_THE_CLOCK:
            span = timedelta(seconds=amount * ROUND_THE_CLOCK[unit])
            due_at, warn_at = start + span, start + span * SOON
        else:
            due_at = (
                self.add_working(start, amount * HOUR)
                if unit == "wh"
                else self.end_of_working_day(start, amount)
            )
            warn_at = self.add_working(start, max(1, int(self.working_seconds(start, due_at) * SOON)))
        return Due(warn_at, due_at, due_at.astimezone(BAKU).date() > self.confirmed_until)

    def allowance(self, start: datetime, target: str) -> tuple[int, Reckoning]:
        """The seconds a target that starts at ``start`` grants, and what counts them down.

        A target in ``wd`` is the working time to the end of its last day, so that a pause keeps
        the rest of it to the second.
        """
        amount, unit = _parsed(target)
        if unit in ROUND_THE_CLOCK:
            return amount * ROUND_THE_CLOCK[unit], WALL
        if unit == "wh":
            return amount * HOUR, self
        return self.working_seconds(start, self.end_of_working_day(start, amount)), self

    def _at(self, day: date, second: int) -> datetime:
        midnight = datetime.combine(day, time(), tzinfo=BAKU)
        return (midnight + timedelta(seconds=second)).astimezone(UTC)
