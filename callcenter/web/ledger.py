"""Where a promised instant comes from: a sum of working time that adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.utils.translation import gettext as _

from callcenter import words
from callcenter.sight import ApplicationSight
from events import clock
from sla.arithmetic import BAKU
from sla.selectors import calendar, special_days

from .templatetags.dayaq import day_words, due_words


@dataclass(frozen=True)
class Line:
    """A stretch of time and how much of it counted; ``off`` is a stretch that did not."""

    label: str
    value: str
    off: bool = False


@dataclass(frozen=True)
class Ledger:
    lines: tuple[Line, ...]
    passed: str
    rest: str
    target: str
    working: bool
    days: bool
    provisional: bool


def explain(whole: ApplicationSight) -> Ledger | None:
    """The sum behind the application's promise, up to now or to its end."""
    start, due = whole.promised_at, whole.due
    if start is None or due is None:
        return None
    until = max(start, min(whole.closed_at or clock.now(), due))
    count = Minutes(start, working=not words.round_the_clock(whole.target))
    return Ledger(
        lines=tuple(_stretches(count, until) if count.working else _whole(count, until)),
        passed=span(count.between(start, until)),
        rest="" if whole.closed_at else _rest(count, until, due),
        target=words.target(whole.target),
        working=count.working,
        days=whole.target.endswith(" wd"),
        provisional=whole.provisional,
    )


@dataclass(frozen=True)
class Minutes:
    """Counts from one start in whole minutes, so that the parts of a time add up to the whole of it."""

    start: datetime
    working: bool

    def until(self, instant: datetime) -> int:
        if self.working:
            return calendar().working_seconds(self.start, instant) // 60
        return int((instant - self.start).total_seconds()) // 60

    def between(self, begin: datetime, end: datetime) -> int:
        return self.until(end) - self.until(begin)


def span(minutes: int) -> str:
    """ "67 s 02 dəq": hours are not folded into days here, because the lines are to be added up."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(n)s min") % {"n": rest}
    return f"{_('%(n)s h') % {'n': hours}} {_('%(n)s min') % {'n': f'{rest:02d}'}}"


def _rest(count: Minutes, until: datetime, due: datetime) -> str:
    if until < due:
        return _("%(span)s left") % {"span": span(count.between(until, due))}
    return _("%(span)s over") % {"span": span(count.between(due, clock.now()))}


def _whole(count: Minutes, until: datetime) -> Iterator[Line]:
    yield Line(f"{due_words(count.start)} – {_end(until)}", span(count.between(count.start, until)))


def _stretches(count: Minutes, until: datetime) -> Iterator[Line]:
    """Stretches between official days off. Plain weekends inside a stretch count nothing by themselves."""
    first, last = count.start.astimezone(BAKU).date(), until.astimezone(BAKU).date()
    special = special_days(first - NEAR, last + NEAR)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    for off, stretch in groupby(days, key=lambda day: _is_off(day, special)):
        whole = list(stretch)
        if off:
            yield Line(f"{_days(whole)}: {_('official days off')}", _("not counted"), off=True)
        else:
            begin = max(count.start, _midnight(whole[0]))
            end = min(until, _midnight(whole[-1] + timedelta(days=1)))
            yield Line(_stretch(begin, end, count.start, until, whole), span(count.between(begin, end)))


NEAR = timedelta(days=7)


def _is_off(day: date, special: dict[date, str]) -> bool:
    """An official day off, or a weekend that touches one: told together."""
    for step in (timedelta(days=1), timedelta(days=-1)):
        near = day
        while near not in special and not calendar().is_working(near):
            near += step
        if near in special:
            return True
    return False


def _stretch(begin: datetime, end: datetime, start: datetime, until: datetime, days: list[date]) -> str:
    left = due_words(begin) if begin == start else day_words(days[0])
    if end == until:
        return f"{left} – {_end(until)}"
    return left if len(days) == 1 else f"{left} – {day_words(days[-1])}"


def _end(until: datetime) -> str:
    return _("now") if until >= clock.now() - timedelta(seconds=1) else due_words(until)


def _days(days: list[date]) -> str:
    return day_words(days[0]) if len(days) == 1 else f"{day_words(days[0])} – {day_words(days[-1])}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BAKU)
