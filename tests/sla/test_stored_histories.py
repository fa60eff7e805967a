"""Made-up histories through the real commands: what is stored against a walk through the minutes.

The walk shares no code with ``sla`` and reads nothing that the product wrote: it knows the days off as
published, the office's hours, and what the test itself did at which minute. ``DAYAQ_STORED`` says how
many histories are lived.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from access.models import User
from agencies.models import Referral
from callcenter import clocks
from events import clock
from intake.models import Application
from sla.models import Clock, Firing
from workflows import actions, firing, reconcile

pytestmark = pytest.mark.django_db

HISTORIES = int(os.environ.get("DAYAQ_STORED", "12"))
BEGIN = datetime(2026, 10, 5, tzinfo=UTC) - timedelta(hours=4)  # Monday, midnight in Baku
DAYS = 170
# As published for the end of 2026; 2027 by the plain law: its feasts are not announced in October 2026.
OFF = {"2026-11-08", "2026-11-09", "2026-11-10", "2026-12-31", "2027-01-01", "2027-01-20"} | {
    *("2027-01-02", "2027-01-04", "2027-03-08"),
    *("2027-03-20", "2027-03-21", "2027-03-22", "2027-03-23", "2027-03-24", "2027-03-25", "2027-03-26"),
}
SHORT = {"2026-12-30", "2027-01-19", "2027-03-19"}
PAUSING = "waiting_citizen"


def works(minute: int) -> bool:
    """Is this minute, counted from ``BEGIN``, worked in an office?"""
    day = date(2026, 10, 5) + timedelta(days=minute // 1440)
    if day.weekday() > 4 or str(day) in OFF:
        return False
    of_day = minute % 1440
    return 540 <= of_day < 780 or 840 <= of_day < (1020 if str(day) in SHORT else 1080)


WORKED = [works(minute) for minute in range(DAYS * 1440)]


def at(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def end_of_working_day(start: int, days: int) -> int:
    """The minute at which the ``days``-th working day after that of ``start`` ends."""
    worked = [day for day in range(DAYS) if any(WORKED[day * 1440 : day * 1440 + 1440])]
    last = {day: max(m for m in range(day * 1440, day * 1440 + 1440) if WORKED[m]) + 1 for day in worked}
    today = start // 1440
    ahead = [day for day in worked if day > today]
    in_time = today in last and start < last[today]
    return last[ahead[days - 1 if in_time else days]]


@dataclass
class Part:
    """What the test did with one referral; a wait is [from, planned or real end, does it pause]."""

    pk: Any
    start: int
    end: int | None = None
    waits: list[list[Any]] = field(default_factory=list)

    def waits_at(self, minute: int) -> bool:
        return any(start <= minute < end and pauses for start, end, pauses in self.waits)

    def is_open(self, minute: int) -> bool:
        return self.start <= minute and (self.end is None or minute < self.end)


@dataclass
class Life:
    """One application: since when it is promised, for how many working days, and its parts."""

    start: int
    days: int
    parts: list[Part] = field(default_factory=list)

    def counts(self, minute: int) -> bool:
        """The promise runs unless every open part waits for the citizen."""
        there = [part for part in self.parts if part.is_open(minute)]
        return not there or not all(part.waits_at(minute) for part in there)

    def due(self) -> int:
        return self.walk(self.start, lambda minute: self.counts(minute))

    def due_of(self, part: Part) -> int:
        return self.walk(part.start, lambda minute: not part.waits_at(minute))

    def walk(self, start: int, counts: Any) -> int:
        left = sum(WORKED[start : end_of_working_day(start, self.days)])
        for minute in range(start, len(WORKED)):
            if WORKED[minute] and counts(minute):
                left -= 1
                if not left:
                    return minute + 1
        raise AssertionError("the walk is too short")


def test_what_is_stored_is_what_the_minutes_say(
    register: Any, people_at_work: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def worker(row: Referral) -> User:
        found: User = people_at_work.users[row.agency_id.lower()]
        return found

    rng, commands = Random("stored"), 0
    for number in range(HISTORIES):
        try:
            commands += live(rng, register, people_at_work, worker)
        except Exception as error:
            error.add_note(f"history {number}")
            raise
    with capsys.disabled():
        print(f"\n{HISTORIES} histories, {commands} commands")
    while firing.turn(clock.now()):  # what was lived before today has come by now
        pass
    assert [it for it in reconcile.run() if it.check != "event-is-stamped"] == []  # no relay runs here
    assert commands > 4 * HISTORIES


def live(rng: Random, register: Any, people: Any, worker: Any) -> int:
    """Live through one history, and look at every clock after every command."""
    minute = 1440 * rng.randrange(40) + rng.randrange(1440)
    with clock.at(at(minute)):
        application = register("MED-EXAM")
    life = Life(minute, days=10)
    life.parts = [Part(row.pk, minute) for row in application.referrals.order_by("pk")]
    check(application, life, minute)
    done = 0
    for _ in range(rng.randrange(4, 12)):
        minute += rng.choice([rng.randrange(1, 600), rng.randrange(600, 4000)])
        with clock.at(at(minute)):
            end_waits(life, minute)
            act = rng.choice(list(possible(life, minute)) or [None])
            if act is None:
                break
            act(application, life, minute, rng, people, worker)
        check(application, life, minute)
        done += 1
    return done


def end_waits(life: Life, minute: int) -> None:
    """Time passes: the waits whose end has come end by themselves."""
    while firing.turn(at(minute)):
        pass


def possible(life: Life, minute: int) -> Iterator[Any]:
    held = [
        part for part in life.parts if part.is_open(minute) and any(w[0] <= minute < w[1] for w in part.waits)
    ]
    free = [part for part in life.parts if part.is_open(minute) and part not in held]
    if free:
        yield from (hold, hold, hold, complete)
    if held:
        yield from (resume, resume, complete)
    if life.days == 10 and minute < life.due():
        yield extend
    if not held and not free:
        yield dispute


def hold(application: Any, life: Life, minute: int, rng: Random, people: Any, worker: Any) -> None:
    free = [
        part
        for part in life.parts
        if part.is_open(minute) and not any(w[0] <= minute < w[1] for w in part.waits)
    ]
    part, reason = rng.choice(free), rng.choice([PAUSING, PAUSING, "waiting_document"])
    until = minute + rng.randrange(1, 3 * 1440)
    row = Referral.objects.get(pk=part.pk)
    actions.hold(actor=worker(row), referral=part.pk, reason=reason, until=at(until))
    part.waits.append([minute, until, reason == PAUSING])


def resume(application: Any, life: Life, minute: int, rng: Random, people: Any, worker: Any) -> None:
    part, wait = rng.choice(
        [(p, w) for p in life.parts if p.is_open(minute) for w in p.waits if w[0] <= minute < w[1]]
    )
    who = rng.choice([worker(Referral.objects.get(pk=part.pk)), people.operator])
    actions.resume(actor=who, referral=part.pk)
    wait[1] = minute


def complete(application: Any, life: Life, minute: int, rng: Random, people: Any, worker: Any) -> None:
    part = rng.choice([part for part in life.parts if part.is_open(minute)])
    row = Referral.objects.get(pk=part.pk)
    actions.complete(actor=worker(row), referral=part.pk, outcome="provided", text="Oldu.")
    part.end = minute
    for wait in part.waits:
        wait[1] = min(wait[1], minute)


def extend(application: Any, life: Life, minute: int, rng: Random, people: Any, worker: Any) -> None:
    actions.extend(
        actor=people.supervisor,
        application=application.pk,
        reason="additional_study",
        text="Əlavə araşdırma aparılır.",
    )
    life.days = 30


def dispute(application: Any, life: Life, minute: int, rng: Random, people: Any, worker: Any) -> None:
    actions.dispute(actor=people.operator, application=application.pk, text="Həll olunmayıb.")
    row = Referral.objects.filter(application=application).latest("pk")
    life.parts.append(Part(row.pk, minute))


def check(application: Application, life: Life, minute: int) -> None:
    """The stored instants, their copies in the lists, what explains them, and whose the time was."""
    running = {row.referral_id: row for row in Clock.objects.filter(application=application, stopped_at=None)
               if row.measure in ("resolution", "resolve")}  # fmt: skip
    promise = running.pop(None)
    assert promise.due_at == at(life.due())
    application.refresh_from_db()
    assert (application.due_at, application.warn_at) == (promise.due_at, promise.warn_at)
    assert promise.paused_until is None or not life.counts(minute)
    for part in life.parts:
        if part.is_open(minute) and not running[part.pk].capped:
            assert running[part.pk].due_at == at(life.due_of(part))
        if part.is_open(minute):
            assert Referral.objects.get(pk=part.pk).due_at == running[part.pk].due_at
    look(application, life, minute)


def look(application: Application, life: Life, minute: int) -> None:
    with clock.at(at(minute)):
        supervisor = User.objects.get(username="supervisor")
        seen = {
            it.measure: it for it in clocks.of_application(supervisor, application) if it.referral is None
        }
    promise = seen["resolution"]
    counted = sum(span.seconds for span in promise.spans)
    assert counted == 60 * sum(WORKED[life.start : end_of_working_day(life.start, life.days)])
    assert sum(party.seconds for party in promise.parties) == 60 * sum(WORKED[life.start : minute])
    assert {span.kind for span in promise.spans} <= {"counted", "night", "weekend", "holiday", "paused"}
    law = 30 if life.days == 30 else 15
    assert seen["legal_answer"].due == at(end_of_working_day(life.start, law))
    assert Firing.objects.filter(clock=promise.id).count() == Clock.objects.get(pk=promise.id).level
