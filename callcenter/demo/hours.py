"""Time as stories need it: seconds of working time (of any time for a crisis) before the play's end."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sla.arithmetic import Calendar

LONGEST = timedelta(days=150)  # how far back any story may begin


class Axis:
    """Seconds that count for a story: ``at`` gives the instant of a second, ``end`` is the present."""

    def __init__(self, calendar: Calendar, end: datetime, *, round_the_clock: bool) -> None:
        self._calendar = calendar
        self._base = end - LONGEST
        self._all = round_the_clock
        self._now = end
        self.end = self.second(end)
        self.month = 30 * 24 * 3600 if round_the_clock else 21 * 8 * 3600

    def second(self, instant: datetime) -> int:
        if self._all:
            return int((instant - self._base).total_seconds())
        return self._calendar.working_seconds(self._base, instant)

    def at(self, second: int) -> datetime:
        if self._all:
            return self._base + timedelta(seconds=second)
        return self._calendar.add_working(self._base, second)

    def length(self, target: str) -> int:
        """About how many of these seconds a promise with this target lasts that begins around the end."""
        begin = self.at(self.end - 20 * 3600)
        return self.second(self._calendar.due(begin, target).due_at) - self.second(begin)

    def begin(self, target: str, lateness: str, rng: Random) -> int:
        """A beginning from which the promise is on time, soon late or late at the end."""
        low, high = {"late": (1.03, 1.35), "soon": (0.78, 0.99), "ontime": (0.05, 0.6)}[lateness]
        length = self.length(target)
        for _ in range(60):
            second = self.end - int(length * rng.uniform(low, high))
            if self._state(second, target) == lateness:
                return second
            low, high = max(0.02, low - 0.01), high + 0.01
        return self.end - int(length * (low + high) / 2)

    def _state(self, second: int, target: str) -> str:
        due = self._calendar.due(self.at(second), target)
        if self._now > due.due_at:
            return "late"
        return "soon" if self._now >= due.warn_at else "ontime"
