"""Thousands of made-up histories, each against a walk through its minutes that shares no code with ``sla``.

The walk knows only which minutes are worked (spelled out day by day) and who holds a minute
(painted on a strip of minutes, what matters most painted last). ``DAYAQ_HISTORIES`` says how many
histories are made; every hundredth is also judged minute by minute, without paint.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cmp_to_key
from itertools import compress
from random import Random
from time import perf_counter
from typing import Any

import pytest

from sla.arithmetic import HOURS_24_7, OFF, SHORTENED, WALL, Calendar, DayKind, Reckoning, works_as
from sla.ledger import (
    History,
    Hold,
    Part,
    Pause,
    Terms,
    due_under,
    explain,
    instants,
    spans,
    waits,
)

HISTORIES = int(os.environ.get("DAYAQ_HISTORIES", "5000"))
JUDGED = 100  # every so many histories are judged minute by minute
DAYS = 45
MINUTES = DAYS * 1440
OPEN = 10**9
FREE = re.compile(rb"\0+")

Owner = tuple[str, bool, str, str]


@dataclass
class Clockwork:
    """One way of counting: what ``sla`` has, and the same spelled out minute by minute."""

    reckoning: Reckoning
    worked: bytes


@dataclass
class World:
    base: date
    ways: list[Clockwork]

    def at(self, minute: int) -> datetime:
        midnight = datetime(self.base.year, self.base.month, self.base.day, tzinfo=UTC)
        return midnight + timedelta(minutes=minute) - timedelta(hours=4)  # Baku is four hours ahead


@dataclass
class Referral:
    key: str
    party: str
    lead: bool
    start: int
    end: int
    pauses: list[tuple[int, int, str, str]]


@dataclass
class Story:
    """A history in minutes since the midnight of its world; ``OPEN`` ends stand for none."""

    world: World
    start: int
    until: int
    end: int
    parts: list[Referral]
    holds: list[tuple[int, int, str, bool, str]]
    running: frozenset[str]
    terms: list[tuple[int, int, Clockwork]]


# --- worlds: calendars, and their minutes spelled out -------------------------------------------


def world(rng: Random) -> World:
    base = rng.choice([date(2026, 2, 20), date(2025, 12, 1), date(2026, 5, 1), date(2026, 10, 10)])
    base += timedelta(days=rng.randrange(12))
    return World(base, [office(rng, base), split(rng, base), split(rng, base), crisis(base), wall()])


def office(rng: Random, base: date) -> Clockwork:
    return clockwork(rng, base, [[(540, 780), (840, 1080)]] * 5 + [[], []])


def split(rng: Random, base: date) -> Clockwork:
    """Any number of shifts on any weekday, to the minute, also over midnight."""
    week: list[list[tuple[int, int]]] = []
    for _ in range(7):
        edges = sorted(rng.sample(range(0, 1441), 2 * rng.choice([0, 1, 2, 3, 4])))
        week.append(list(zip(edges[::2], edges[1::2], strict=True)))
    if not any(week):
        week[0] = [(0, 90)]
    return clockwork(rng, base, week)


def clockwork(rng: Random, base: date, week: list[list[tuple[int, int]]]) -> Clockwork:
    days: dict[date, DayKind] = {}
    strip = bytearray()
    for offset in range(DAYS):
        day = base + timedelta(days=offset)
        own = week[day.weekday()]
        what = rng.choices(["plain", "off", "short", "like"], [12, 2, 1, 1])[0]
        if what == "off":
            days[day], own = OFF, []
        elif what == "short":
            days[day], own = SHORTENED, without_last_hour(own or next(filter(None, week)))
        elif what == "like":
            weekday = rng.randrange(7)
            days[day], own = works_as(weekday), week[weekday] or next(filter(None, week))
        minutes = bytearray(1440)
        for start, end in own:
            for minute in range(start, end):
                minutes[minute] = 1
        strip += minutes
    hours = tuple(tuple((start * 60, end * 60) for start, end in shifts) for shifts in week)
    return Clockwork(calendar(base, days, hours), bytes(strip))


def without_last_hour(shifts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    minutes = [minute for start, end in shifts for minute in range(start, end)][:-60]
    return [(minute, minute + 1) for minute in minutes]


def calendar(base: date, days: dict[date, DayKind], hours: Any) -> Calendar:
    last = base + timedelta(days=DAYS + 1500)  # plain weeks behind the strip, for what is due later
    return Calendar(days, first=base, last=last, confirmed_until=last, hours=hours)


def crisis(base: date) -> Clockwork:
    closed = {base + timedelta(days=3): OFF}
    return Clockwork(calendar(base, closed, HOURS_24_7), b"\1" * MINUTES)


def wall() -> Clockwork:
    return Clockwork(WALL, b"\1" * MINUTES)


# --- stories ------------------------------------------------------------------------------------

PARTIES = ("MOH", "MLSPP", "SAMHI", "TABIB", "YASHAT")
WAITS = (("need_info", "CITIZEN"), ("needs_consent", "CITIZEN"), ("certificate", "DOST"))


def story(rng: Random, place: World) -> Story:
    start = rng.randrange(0, MINUTES // 3)
    until = rng.randrange(start, MINUTES)
    end = rng.randrange(start, MINUTES) if rng.random() < 0.3 else OPEN
    parts = [part for chain in range(rng.randrange(4)) for part in reassigned(rng, chain, start, until)]
    rng.shuffle(parts)
    return Story(
        place,
        start,
        until,
        end,
        parts,
        holds(rng, start, until),
        frozenset(reason for reason, _ in WAITS if rng.random() < 0.2),
        terms(rng, place, start, until),
    )


def reassigned(rng: Random, chain: int, start: int, until: int) -> list[Referral]:
    """One share of the work, passed on up to three times: at once, or after a while on the desk."""
    found: list[Referral] = []
    begin = somewhen(rng, start - 300, until)
    for turn in range(rng.choice([1, 1, 2, 3])):
        end = somewhen(rng, begin, until + 2000) if rng.random() < 0.75 else OPEN
        pauses = [pause(rng, begin, min(end, until)) for _ in range(rng.choice([0, 0, 1, 2, 4]))]
        found.append(Referral(f"{chain}{turn}", rng.choice(PARTIES), chain == 0, begin, end, pauses))
        if end >= until:
            break
        begin = end + rng.choice([0, 0, rng.randrange(3000)])
    return found


def pause(rng: Random, begin: int, end: int) -> tuple[int, int, str, str]:
    paused = somewhen(rng, begin - 200, end + 200)
    resumed = OPEN if rng.random() < 0.2 else paused + rng.randrange(0, 4000)
    return (paused, resumed, *rng.choice(WAITS))


def holds(rng: Random, start: int, until: int) -> list[tuple[int, int, str, bool, str]]:
    """Closed for a while and reopened, or put off as a whole."""
    found = []
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        begin = somewhen(rng, start, until)
        end = OPEN if rng.random() < 0.15 else begin + rng.randrange(0, 6000)
        closed = ("", False, "closed")
        found.append((begin, end, *rng.choice([closed, closed, ("CITIZEN", rng.random() < 0.5, "put_off")])))
    return found


def terms(rng: Random, place: World, start: int, until: int) -> list[tuple[int, int, Clockwork]]:
    """The first promise and its changes: another target, another calendar, or both."""
    way, minutes = rng.choice(place.ways), somewhen(rng, 0, 6000)
    found = [(start, minutes, way)]
    for since in sorted(somewhen(rng, start, until) for _ in range(rng.choice([0, 0, 1, 2, 3]))):
        if rng.random() < 0.6:
            minutes = somewhen(rng, 0, 12000)
        if rng.random() < 0.6:
            way = rng.choice(place.ways)
        found.append((since, minutes, way))
    return found


def somewhen(rng: Random, low: int, high: int) -> int:
    """Often on the hour, so that edges meet."""
    minute = rng.randint(low, max(low, high))
    return max(low, minute - minute % 60) if rng.random() < 0.4 else minute


# --- the walk -----------------------------------------------------------------------------------


class Strip:
    """Minutes from ``start`` to ``until``, each with the number of its owner."""

    def __init__(self, told: Story) -> None:
        self.low, self.high = told.start, told.until
        self.codes = bytearray(self.high - self.low)
        self.owners: list[Owner] = []

    def paint(self, owner: Owner, start: int, end: int) -> None:
        start, end = max(start, self.low), min(end, self.high)
        if start < end:
            if owner not in self.owners:
                self.owners.append(owner)
            code = self.owners.index(owner)
            self.codes[start - self.low : end - self.low] = bytes([code]) * (end - start)

    def runs(self) -> list[tuple[int, int, int]]:
        """Start, end and code of each run of minutes with one owner."""
        if not self.codes:
            return []
        each = b"|".join(re.escape(bytes([code])) + b"+" for code in range(len(self.owners)))
        return [(run.start(), run.end(), run[0][0]) for run in re.finditer(b"(?s)" + each, self.codes)]


def before(one: Referral, other: Referral) -> int:
    """Which of two parts is on the critical path: negative for ``one``."""
    if one.end != other.end:
        return -1 if one.end > other.end else 1
    if one.lead != other.lead:
        return -1 if one.lead else 1
    return -1 if (one.start, one.key) < (other.start, other.key) else 1


def in_order(items: list[Any]) -> list[Any]:
    """The first is first; at the same minute, the one named first."""
    return sorted(items, key=lambda item: item[0])


def painted(told: Story) -> Strip:
    strip = Strip(told)
    limit = min(told.end, told.until)
    parts = [p for p in told.parts if max(p.start, told.start) < min(p.end, limit)]
    opened = [max(part.start, told.start) for part in parts]
    strip.paint(("CALL_CENTRE", True, "after_answers", ""), told.start, limit)
    strip.paint(
        ("CALL_CENTRE", True, "between_referrals", ""), told.start, min(max(opened, default=0), limit)
    )
    strip.paint(("CALL_CENTRE", True, "before_referral", ""), told.start, min(opened, default=limit))
    ranked = sorted(parts, key=cmp_to_key(before), reverse=True)
    for runs_on in (False, True):
        for part in ranked:
            for start, end, reason, party in effective(part):
                if (reason in told.running) == runs_on:
                    owner = (party, runs_on, reason, part.key)
                    strip.paint(owner, max(start, part.start), min(end, part.end, limit))
    for part in ranked:
        for start, end in at_work(part, told.start, limit):
            strip.paint((part.party, True, "work", part.key), start, end)
    for start, end, party, counts, reason in in_order(told.holds)[::-1]:
        strip.paint((party, counts, reason, ""), start, min(end, limit))
    strip.paint(("", False, "closed", ""), limit, told.until)
    return strip


def effective(part: Referral) -> list[tuple[int, int, str, str]]:
    """The waits of a part without overlaps: who came first keeps its time."""
    found, free = [], 0
    for start, end, reason, party in in_order(part.pauses):
        start = max(start, free, part.start)
        if start < end:
            found.append((start, end, reason, party))
            free = end
    return found


def at_work(part: Referral, low: int, high: int) -> list[tuple[int, int]]:
    low, high = max(low, part.start), min(high, part.end)
    waiting = bytearray(high - low)
    for start, end, _, _ in part.pauses:
        start, end = max(start, low), min(end, high)
        if start < end:
            waiting[start - low : end - low] = b"\1" * (end - start)
    return [(low + run.start(), low + run.end()) for run in FREE.finditer(waiting)]


def judged(told: Story, minute: int) -> Owner:
    """The owner of one minute by the words of the rule, without paint."""
    if minute >= told.end:
        return "", False, "closed", ""
    for start, end, party, counts, reason in in_order(told.holds):
        if start <= minute < end:
            return party, counts, reason, ""
    limit = min(told.end, told.until)
    best: tuple[int, Referral, str, str] | None = None
    for part in told.parts:
        if not part.start <= minute < part.end:
            continue
        own = [pause for pause in in_order(part.pauses) if pause[0] <= minute < pause[1]]
        stand = 0 if not own else 1 if own[0][2] in told.running else 2
        if best is None or stand < best[0] or (stand == best[0] and before(part, best[1]) < 0):
            best = (stand, part, *((own[0][3], own[0][2]) if own else (part.party, "work")))
    if best is not None:
        return best[2], best[0] < 2, best[3], best[1].key
    known = [p for p in told.parts if max(p.start, told.start) < min(p.end, limit)]
    begun = [part for part in known if part.start <= minute]
    reason = (
        "before_referral"
        if not begun
        else "between_referrals"
        if len(begun) < len(known)
        else "after_answers"
    )
    return "CALL_CENTRE", True, reason, ""


def expected_due(told: Story, strip: Strip) -> tuple[str, int, int]:
    """Live through the minutes: ("due", minute, lived), ("waits", minutes left, _) or ("later", _, _)."""
    counts = bytes(strip.owners[code][1] for code in range(len(strip.owners))) + bytes(
        256 - len(strip.owners)
    )
    lived = strip.codes.translate(counts)
    waiting = bool(lived) and not lived[-1]
    running = bytearray(MINUTES)
    running[told.start :] = b"\0" * (MINUTES - told.start) if waiting else b"\1" * (MINUTES - told.start)
    running[told.start : told.until] = lived
    ends = [since for since, _, _ in told.terms[1:]] + [MINUTES]
    minutes: list[int] = []
    for (since, _, way), end in zip(told.terms, ends, strict=True):
        both = int.from_bytes(running[since:end], "big") & int.from_bytes(way.worked[since:end], "big")
        minutes += compress(range(since, end), both.to_bytes(end - since, "big"))
    due: int | None = None
    for (since, wanted, _), end in zip(told.terms, ends, strict=True):
        elapsed = bisect_left(minutes, since)
        if wanted > elapsed:
            due = None
            if wanted <= len(minutes) and minutes[wanted - 1] < end:
                due = minutes[wanted - 1] + 1
        elif due is None:
            due = since  # nobody is late for a time when the promise was longer
        else:
            due = max(due, minutes[wanted - 1] + 1 if wanted else told.start)
    if due is not None:
        return "due", due, bisect_left(minutes, due)
    return ("waits", told.terms[-1][1] - len(minutes), 0) if waiting else ("later", 0, 0)


# --- the comparison -----------------------------------------------------------------------------


def as_history(told: Story) -> History:
    at = told.world.at

    def ends(minute: int) -> datetime | None:
        return None if minute == OPEN else at(minute)

    return History(
        at(told.start),
        ends(told.end),
        tuple(
            Part(
                part.key,
                part.party,
                at(part.start),
                ends(part.end),
                part.lead,
                tuple(Pause(at(a), ends(b), reason, party) for a, b, reason, party in part.pauses),
            )
            for part in told.parts
        ),
        tuple(Hold(at(a), ends(b), party, counts, reason) for a, b, party, counts, reason in told.holds),
        told.running,
    )


def check(told: Story, rng: Random, *, every_minute: bool) -> str:
    at, history, strip = told.world.at, as_history(told), painted(told)
    if every_minute:
        for minute in range(told.start, told.until):
            assert strip.owners[strip.codes[minute - told.start]] == judged(told, minute)
    way = rng.choice(told.world.ways)
    found = spans(history, way.reckoning, at(told.until))
    assert [
        (span.start, span.end, (span.party, span.counted, span.reason, span.key), span.working_seconds)
        for span in found
    ] == [
        (
            at(told.start + a),
            at(told.start + b),
            strip.owners[code],
            60 * way.worked.count(1, told.start + a, told.start + b),
        )
        for a, b, code in strip.runs()
    ]
    whole = way.reckoning.position(at(told.until)) - way.reckoning.position(at(told.start))
    assert sum(span.working_seconds for span in found) == whole
    return check_due(told, history, strip, waits(found))


def check_due(told: Story, history: History, strip: Strip, pauses: tuple[Pause, ...]) -> str:
    at = told.world.at
    terms = [Terms(at(since), 60 * m, way.reckoning) for since, m, way in told.terms]
    due = due_under(terms, pauses)
    what, minute, lived = expected_due(told, strip)
    if what == "waits":
        assert (due.due_at, due.left) == (None, 60 * minute)
    elif what == "later":
        assert due.due_at is not None
        assert due.due_at > at(MINUTES)
    else:
        assert (due.due_at, due.left) == (at(minute), None)
        check_explanation(terms, pauses, at(minute), lived)
        if len(told.terms) == 1 and minute <= told.until:
            _, wanted, way = told.terms[0]
            found = spans(history, way.reckoning, at(minute))
            assert sum(span.working_seconds for span in found if span.counted) == 60 * wanted
    return what


def check_explanation(terms: list[Terms], pauses: tuple[Pause, ...], due: datetime, lived: int) -> None:
    """Its stretches have no gap, what counts in them is what was lived; warnings come before the breach."""
    told = explain(terms, pauses, due)
    edges = [terms[0].since, *(stretch.end for stretch in told)]
    assert [stretch.start for stretch in told] == edges[:-1]
    assert edges[-1] == max(due, terms[0].since)
    assert sum(stretch.seconds for stretch in told) == 60 * lived
    assert not any(stretch.seconds for stretch in told if stretch.kind != "counted")
    levels = instants(terms, pauses, (50, 75, 100))
    assert levels[-1] == due
    assert sorted(level for level in levels if level) == [level for level in levels if level]


def test_every_due_instant_and_every_span_is_what_the_minutes_say(capsys: pytest.CaptureFixture[str]) -> None:
    rng, begun = Random("dayaq"), perf_counter()
    worlds = [world(rng) for _ in range(40)]
    outcomes = {"due": 0, "waits": 0, "later": 0}
    for number in range(HISTORIES):
        told = story(rng, rng.choice(worlds))
        try:
            outcomes[check(told, rng, every_minute=number % JUDGED == 0)] += 1
        except Exception as error:
            error.add_note(
                f"history {number}: {told.start=} {told.until=} {told.end=} {told.parts} {told.holds}"
            )
            raise
    with capsys.disabled():
        print(f"\n{HISTORIES} histories in {perf_counter() - begun:.0f} s: {outcomes}")
    assert all(outcomes.values())
