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

from .templatetags.dayaq import clock as clock_words
from .templatetags.dayaq import day_words, due_words, left_words, span_words


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
    provisional: bool


def explain(whole: ApplicationSight) -> Ledger | None:
    """The sum behind the application's promise, up to now or to its end."""
    start, due = whole.promised_at, whole.due
    if start is None or due is None:
        return None
    until = min(whole.closed_at or clock.now(), due)
    working = not words.round_the_clock(whole.target)
    lines = tuple(_working(start, until)) if working else (_round_the_clock(start, until),)
    return Ledger(
        lines=lines,
        passed=_span(start, until, working=working),
        rest=_rest(whole, due, working=working),
        target=words.target(whole.target),
        working=working,
        provisional=whole.provisional,
    )


def _rest(whole: ApplicationSight, due: datetime, *, working: bool) -> str:
    if whole.closed_at is not None:
        return ""
    if working:
        return left_words(calendar().working_seconds(clock.now(), due))
    return left_words((due - clock.now()).total_seconds()) if due > clock.now() else _("the time is over")


def _span(start: datetime, end: datetime, *, working: bool) -> str:
    return span_words(
        calendar().working_seconds(start, end) if working else (end - start).total_seconds()
    ) or span_words(0)


def _round_the_clock(start: datetime, until: datetime) -> Line:
    return Line(f"{due_words(start)} – {due_words(until)}", _span(start, until, working=False))


def _working(start: datetime, until: datetime) -> Iterator[Line]:
    """Stretches between official days off. Plain weekends inside a stretch count nothing by themselves."""
    first, last = start.astimezone(BAKU).date(), until.astimezone(BAKU).date()
    special = special_days(first, last)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    for off, stretch in groupby(days, key=lambda day: _is_off(day, special)):
        whole = list(stretch)
        if off:
            yield Line(f"{_days(whole)}: {_('official days off')}", _("not counted"), off=True)
        else:
            begin = max(start, _midnight(whole[0]))
            end = min(until, _midnight(whole[-1] + timedelta(days=1)))
            yield Line(_stretch(begin, end, start, until, whole), _span(begin, end, working=True))


def _is_off(day: date, special: dict[date, str]) -> bool:
    """An official day off, or a weekend day right beside one: told together."""
    if day in special:
        return True
    beside = (day - timedelta(days=1), day + timedelta(days=1))
    return not calendar().is_working(day) and any(near in special for near in beside)


def _stretch(begin: datetime, end: datetime, start: datetime, until: datetime, days: list[date]) -> str:
    left = due_words(begin) if begin == start else day_words(days[0])
    now = until < clock.now() - timedelta(seconds=1)
    right = (due_words(end) if now else _("now")) if end == until else day_words(days[-1])
    if len(days) == 1 and end == until:
        return f"{left} – {clock_words(end) if now else _('now')}"
    return left if len(days) == 1 else f"{left} – {right}"


def _days(days: list[date]) -> str:
    return day_words(days[0]) if len(days) == 1 else f"{day_words(days[0])} – {day_words(days[-1])}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BAKU)
