"""Where a promised instant comes from: a sum of time that adds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.utils.translation import gettext as _

from callcenter import words
from callcenter.clocks import ChangeSight, ClockSight
from callcenter.dates import clock as clock_words
from callcenter.dates import due_words, language
from callcenter.plain import GROUNDS, days_words
from callcenter.stretches import OFF, RUN, Block, between, blocks, by_day, counted, local_day, midnight
from events import clock
from sla import calendars
from sla.almanac import OFFICE
from sla.arithmetic import Stretch
from sla.calendars import day_name

JUST_NOW = timedelta(seconds=1)
Names = Mapping[str, str]  # what the reasons of a wait are called


@dataclass(frozen=True)
class Line:
    """A stretch of time and how much of it counted. ``off`` did not count; ``note`` says more."""

    label: str
    value: str
    note: str = ""
    icon: str = ""

    @property
    def off(self) -> bool:
        return bool(self.icon)


@dataclass(frozen=True)
class Term:
    """New terms on the way: what they were, what they became, and why."""

    kind: str
    at: datetime
    before: str
    after: str
    due_before: datetime
    due_after: datetime
    reason: str
    basis: str
    text: str


@dataclass(frozen=True)
class Ledger:
    """The sum behind one due instant, up to now or to the clock's end. ``share`` is in per cent."""

    due: datetime
    lines: tuple[Line, ...]
    passed: str
    rest: str
    ahead: tuple[str, ...]
    target: str
    working: bool
    hours: str
    days: bool
    provisional: bool
    capped: bool
    terms: tuple[Term, ...]
    share: int


def explain(sight: ClockSight, names: Names | None = None, bases: Names | None = None) -> Ledger:
    """The sum of one clock. ``names`` are those of the reasons to wait, ``bases`` the articles of law."""
    until = max(sight.started_at, min(sight.stopped_at or clock.now(), sight.due))
    count = Count(sight.spans)
    whole, passed = count.until(sight.due), count.until(until)
    return Ledger(
        due=sight.due,
        lines=tuple(_lines(Told(sight, count, until, names or {}))),
        passed=span(passed),
        rest="" if sight.stopped_at else _rest(sight, whole - passed),
        ahead=() if sight.stopped_at else tuple(_ahead(sight, until)),
        target=words.target(sight.target),
        working=not sight.round_the_clock,
        hours=_own_hours(sight),
        days=sight.target.endswith(" wd"),
        provisional=sight.provisional,
        capped=sight.ends_with_promise,
        terms=tuple(_term(it, bases or {}) for it in sight.changes if it.due_before != it.due_after),
        share=round(100 * passed / whole) if whole else 100,
    )


@dataclass(frozen=True)
class Count:
    """Counts from one start in whole minutes, so that the parts of a time add up to the whole of it."""

    spans: tuple[Stretch, ...]

    def until(self, instant: datetime) -> int:
        return sum(counted(it, instant) for it in self.spans) // 60

    def between(self, begin: datetime, end: datetime) -> int:
        return self.until(end) - self.until(begin)


@dataclass(frozen=True)
class Told:
    """What the lines are told from."""

    sight: ClockSight
    count: Count
    until: datetime
    names: Names

    def end(self, instant: datetime) -> str:
        """The end of a line; the present is called so."""
        return _("now") if self.is_now(instant) else clock_words(instant)

    def is_now(self, instant: datetime) -> bool:
        return instant == self.until and instant >= clock.now() - JUST_NOW

    def range(self, begin: datetime, end: datetime) -> str:
        same = self.is_now(end) or local_day(begin) == local_day(end)
        return f"{due_words(begin)} – {self.end(end) if same else due_words(end)}"


def _own_hours(sight: ClockSight) -> str:
    """What the unit's own week is called; empty for the office's."""
    if sight.hours == OFFICE:
        return ""
    return calendars.book(sight.calendar_version).schedules[sight.hours].label.said(language())


def span(minutes: int) -> str:
    """ "67 s 02 dəq": hours are not folded into days here, because the lines are to be added up."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(n)s min") % {"n": rest}
    return f"{_('%(n)s h') % {'n': hours}} {_('%(n)s min') % {'n': f'{rest:02d}'}}"


def _rest(sight: ClockSight, minutes: int) -> str:
    if sight.state == "broken":
        return _("%(span)s over") % {"span": span(-sight.left // 60)}
    return span(minutes)


# --- lines ------------------------------------------------------------------------------------------------


def _lines(told: Told) -> Iterator[Line]:
    passed = between(told.sight.spans, told.sight.started_at, told.until)
    for block in blocks(passed):
        if block.kind == RUN:
            yield from _whole(told, block) if told.sight.round_the_clock else _run(told, block)
        elif block.kind == OFF:
            yield Line(days_words(*block.days), _("not counted"), _joined(block.names), "cal")
        else:
            yield _wait(told, block)


def _whole(told: Told, block: Block) -> Iterator[Line]:
    yield Line(told.range(block.start, block.end), span(told.count.between(block.start, block.end)))


def _wait(told: Told, block: Block) -> Line:
    reasons = _joined(told.names.get(code, code) for code in block.names)
    return Line(told.range(block.start, block.end), _("not counted"), reasons, "pause")


@dataclass(frozen=True)
class Day:
    """A day of a run. ``cut`` says that the run begins or ends within it."""

    day: date
    begin: datetime
    end: datetime
    minutes: int
    cut: bool


def _run(told: Told, block: Block) -> Iterator[Line]:
    """Whole days of one length are one line; the days that the run cuts have their own."""
    days = [_day(told, block, *found) for found in by_day(block.stretches)]
    for _key, group in groupby(days, key=lambda it: (it.cut and it.day, it.minutes)):
        found = list(group)
        if found[0].cut:
            yield Line(_hours(told, block, found[0]), span(found[0].minutes))
        else:
            yield _days(found)


def _day(told: Told, block: Block, day: date, begin: datetime, end: datetime) -> Day:
    opens, closes = midnight(day), midnight(day + timedelta(days=1))
    return Day(
        day=day,
        begin=block.start if block.start > opens else begin,
        end=block.end if block.end < closes else end,
        minutes=told.count.between(begin, end),
        cut=block.start > opens or block.end < closes,
    )


def _hours(told: Told, block: Block, it: Day) -> str:
    return f"{due_words(it.begin)} – {told.end(it.end) if it.end == block.end else clock_words(it.end)}"


def _days(found: list[Day]) -> Line:
    first, last = found[0].day, found[-1].day
    many = _("%(n)s working days") % {"n": len(found)}
    note = many if len(found) > 1 else day_name(first)
    return Line(days_words(first, last), span(sum(it.minutes for it in found)), note)


def _ahead(sight: ClockSight, until: datetime) -> Iterator[str]:
    """Official days off that are still to come before the due instant."""
    for block in blocks(between(sight.spans, until, sight.due)):
        if block.kind == OFF:
            yield f"{days_words(*block.days)}: {_joined(block.names)}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


# --- new terms --------------------------------------------------------------------------------------------


def _term(it: ChangeSight, bases: Names) -> Term:
    return Term(
        kind=it.kind,
        at=it.at,
        before=words.target(it.target_before),
        after=words.target(it.target),
        due_before=it.due_before,
        due_after=it.due_after,
        reason=words.of(GROUNDS, it.reason) if it.reason else "",
        basis=bases.get(it.reason, ""),
        text=it.text,
    )
