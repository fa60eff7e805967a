"""Waits, extensions and other calendars: what they do to the clocks of running applications."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agencies.models import Hold, Referral
from events import clock
from events.errors import Conflict, Invalid
from events.models import Event
from intake.models import Application
from sla import almanac, calendars, publication
from sla import services as sla
from sla.models import CalendarVersion, Change, Clock
from workflows import actions, firing, reconcile

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku
DAY = timedelta(days=1)


def at(days: int = 0, hours: float = 0) -> Any:
    return clock.at(TUESDAY + timedelta(days=days, hours=hours))


def of(application: Application, measure: str = "resolution") -> Clock:
    return Clock.objects.filter(application=application, measure=measure).latest("id")


@pytest.fixture
def application(register: Any) -> Application:
    """Five working days of İTSDA alone: due on Tuesday, the 1st of December, at six."""
    with at():
        made: Application = register("INS-STATUS")
    return made


def hold(application: Application, who: Any, **more: Any) -> Referral:
    given = {"reason": "waiting_citizen"} | more
    referral = application.referrals.latest("pk")
    return actions.hold(actor=who, referral=referral.pk, **given)


# --- waits --------------------------------------------------------------------------------------------


def test_while_it_waits_for_the_citizen_the_clock_stands(
    application: Application, people_at_work: Any
) -> None:
    before = of(application).due_at
    with at(hours=1):
        hold(application, people_at_work.samhi, until=TUESDAY + DAY + timedelta(hours=1))
    promise, share, law = (of(application, name) for name in ("resolution", "resolve", "legal_answer"))
    assert promise.paused_until == share.paused_until == TUESDAY + DAY + timedelta(hours=1)
    assert promise.due_at == share.due_at == before + DAY  # a whole working day was waited
    assert law.paused_until is None

    with at(hours=2):
        actions.resume(actor=people_at_work.operator, referral=application.referrals.get().pk)
    promise = of(application)
    assert promise.paused_until is None
    assert promise.due_at == before + timedelta(hours=16)  # one hour was: 10:00 of the next day
    assert Hold.objects.get().ended_at == TUESDAY + timedelta(hours=2)


def test_waiting_for_somebody_else_stops_nothing(application: Application, people_at_work: Any) -> None:
    before = of(application).due_at
    with at(hours=1):
        hold(application, people_at_work.samhi, reason="waiting_document")

    assert of(application).due_at == of(application, "resolve").due_at == before
    assert of(application).paused_until is None


def test_a_joint_application_waits_only_when_all_its_parts_do(register: Any, people_at_work: Any) -> None:
    with at():
        application = register("MED-EXAM")
    before = of(application).due_at
    first, second = application.referrals.order_by("-is_lead")
    with at(hours=1):
        actions.hold(actor=people_at_work.tabib, referral=first.pk, reason="waiting_citizen")
    assert of(application).due_at == before  # the other unit works on: that is what the citizen waits for

    with at(hours=2):
        actions.hold(actor=people_at_work.samhi, referral=second.pk, reason="waiting_citizen")
    assert of(application).due_at > before

    with at(hours=3):
        actions.complete(actor=people_at_work.samhi, referral=second.pk, outcome="explained", text="Oldu.")
    assert of(application).paused_until is not None  # what is left waits for the citizen
    with at(hours=4):
        actions.complete(actor=people_at_work.tabib, referral=first.pk, outcome="explained", text="Oldu.")
    application.refresh_from_db()
    assert application.state == "awaiting_confirmation"
    assert of(application).paused_until is None
    assert application.due_at == of(application).due_at


def test_a_forgotten_wait_ends_by_itself_at_its_planned_end(
    application: Application, people_at_work: Any
) -> None:
    end = TUESDAY + DAY
    with at(hours=1):
        hold(application, people_at_work.samhi, until=end)
    planned = of(application).due_at

    with clock.at(end + timedelta(hours=5)):  # noticed late
        assert firing.end_waits() == 1
        assert firing.end_waits() == 0

    referral, wait = application.referrals.get(), Hold.objects.get()
    assert (referral.state, wait.ended_at, wait.ended_by) == ("in_progress", end, None)
    assert of(application).due_at == planned
    assert Event.objects.filter(kind="referral.resumed", referral=referral.pk).get().actor is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "not_ours"}, "reason"),
        ({"until": TUESDAY}, "until"),
        ({"until": TUESDAY + 30 * DAY}, "until"),
    ],
)
def test_a_wait_without_reason_or_without_end_is_refused(
    application: Application, people_at_work: Any, given: dict[str, Any], field: str
) -> None:
    before = (of(application).due_at, application.referrals.get().version)
    with at(hours=1), pytest.raises(Invalid) as refused:
        hold(application, people_at_work.samhi, **given)

    assert set(refused.value.errors) == {field}
    assert not Hold.objects.exists()
    assert (of(application).due_at, application.referrals.get().version) == before


def test_a_crisis_cannot_wait(register: Any, people_at_work: Any) -> None:
    with at():
        application = register("PSY-CRISIS")
    lead = application.referrals.get(is_lead=True)

    with at(hours=1), pytest.raises(Invalid) as refused:
        actions.hold(actor=people_at_work.moh, referral=lead.pk, reason="waiting_citizen")

    assert refused.value.code == "no_wait"


# --- extension ----------------------------------------------------------------------------------------


def extend(application: Application, who: Any, reason: str = "additional_study") -> Any:
    return actions.extend(
        actor=who, application=application.pk, reason=reason, text="Əlavə araşdırma aparılır."
    )


def test_more_time_for_a_legal_reason(application: Application, people_at_work: Any) -> None:
    law_before = of(application, "legal_answer").due_at
    with at(days=1):
        extend(application, people_at_work.supervisor)

    application.refresh_from_db()
    for measure in ("resolution", "legal_answer", "resolve"):
        assert of(application, measure).target == "30 wd"
    assert of(application, "legal_answer").due_at > law_before
    assert application.due_at == of(application).due_at == application.referrals.get().due_at
    change = Change.objects.get(clock=of(application))
    assert (change.target_before, change.reason, change.by) == (
        application.subtopic.resolve,
        "additional_study",
        people_at_work.supervisor,
    )
    assert Event.objects.filter(application=application.pk, kind="application.extended").exists()

    with at(days=2):
        extend(application, people_at_work.supervisor, "information_requested")
    assert of(application, "legal_answer").target == "60 wd"


def test_not_twice_for_one_reason_nor_after_the_breach(application: Application, people_at_work: Any) -> None:
    with at(days=1):
        extend(application, people_at_work.supervisor)
        with pytest.raises(Conflict) as refused:
            extend(application, people_at_work.supervisor)
    assert refused.value.code == "already_extended"

    with clock.at(of(application).due_at), pytest.raises(Conflict) as late:
        extend(application, people_at_work.supervisor, "information_requested")
    assert late.value.code == "already_broken"
    assert Change.objects.filter(reason="information_requested").count() == 0


def test_a_reason_that_is_none_is_refused(application: Application, people_at_work: Any) -> None:
    with at(days=1), pytest.raises(Invalid):
        extend(application, people_at_work.supervisor, "holiday")
    with at(days=1), pytest.raises(Invalid):
        actions.extend(
            actor=people_at_work.supervisor, application=application.pk, reason="additional_study", text=" "
        )
    assert not Change.objects.exists()


# --- another calendar ---------------------------------------------------------------------------------


@pytest.fixture
def another_day_off() -> Any:
    """The Cabinet gives the 30th of November 2026, a Monday, off."""
    number = calendars.version()
    years = {year: dict(lists) for year, lists in CalendarVersion.objects.get(pk=number).years.items()}
    years["2026"]["cabinet_off"] = ["11-30"]
    yield years
    calendars.forget()


def test_a_new_calendar_lists_what_it_moves_and_then_moves_it(
    application: Application, register: Any, people_at_work: Any, another_day_off: Any
) -> None:
    with clock.at(TUESDAY + timedelta(microseconds=654321)):  # people do not call on the second
        crisis = register("PSY-CRISIS")
        early = register("PSY-CRISIS")
    before = {row.pk: row.due_at for row in Clock.objects.all()}
    with clock.at(TUESDAY + timedelta(hours=1, microseconds=123456)):
        current = CalendarVersion.objects.latest("number")
        book = almanac.read(another_day_off, current.hours, current.units)
        moved = {it.clock.pk: it for it in sla.moved_by(book)}
        assert {row.pk: row.due_at for row in Clock.objects.all()} == before  # nothing is changed by looking
        assert of(application).pk in moved
        assert not any(it.clock.application_id in (crisis.pk, early.pk) for it in moved.values())

        publication.publish(
            actor=people_at_work.admin, years=another_day_off, note="NK qərarı", expected=current.number
        )
        calendars.forget()
        while firing.turn(TUESDAY):
            pass

    for row in Clock.objects.filter(stopped_at=None):
        expected = moved[row.pk].due_after if row.pk in moved else before[row.pk]
        assert row.due_at == expected, row
        assert row.calendar_version_id == calendars.version()
    application.refresh_from_db()
    assert application.due_at == of(application).due_at == before[of(application).pk] + DAY
    assert application.warn_at == of(application).warn_at
    assert not Event.objects.filter(application=crisis.pk, kind="application.rescheduled").exists()
    assert Change.objects.filter(kind="calendar").count() == len(moved)
    assert not [
        it for it in reconcile.run() if it.check in ("due-copy", "application-event", "referral-event")
    ]


def test_what_moved_stays_right_when_it_waits_afterwards(
    application: Application, people_at_work: Any, another_day_off: Any
) -> None:
    with at(hours=1):
        publication.publish(
            actor=people_at_work.admin, years=another_day_off, note="NK qərarı", expected=calendars.version()
        )
        calendars.forget()
        while firing.turn(TUESDAY):
            pass
        moved = of(application).due_at
    with at(hours=2):
        hold(application, people_at_work.samhi, until=TUESDAY + timedelta(hours=4))
    with at(hours=3):
        actions.resume(actor=people_at_work.samhi, referral=application.referrals.get().pk)

    # Lunch from 13:00 to 14:00 took nothing: one hour was waited from 12:00 to 13:00.
    assert of(application).due_at - moved == timedelta(hours=15) + timedelta(hours=1)


# --- other hands --------------------------------------------------------------------------------------


def test_time_used_stays_with_who_used_it(application: Application, people_at_work: Any) -> None:
    referral = application.referrals.get()
    promise = of(application)
    with at(days=2):
        actions.reject(actor=people_at_work.samhi, referral=referral.pk, reason="not_ours")
        forward = of(application, "legal_forward")
        assert forward.stopped_at is None
    with at(days=2, hours=2):
        actions.triage(actor=people_at_work.operator, application=application.pk, lead="TABIB")

    first = Clock.objects.get(referral=referral, measure="resolve")
    second = Clock.objects.get(referral__unit="TABIB", measure="resolve")
    assert first.stopped_at == TUESDAY + 2 * DAY
    assert (second.capped, second.due_at) == (True, promise.due_at)
    assert of(application) == promise
    assert of(application).due_at == promise.due_at
    assert of(application, "legal_forward").stopped_at == TUESDAY + 2 * DAY + timedelta(hours=2)


def test_who_takes_over_after_the_breach_has_its_own_time(
    application: Application, people_at_work: Any
) -> None:
    after = of(application).due_at + timedelta(hours=17)
    with clock.at(after):
        actions.reject(actor=people_at_work.samhi, referral=application.referrals.get().pk, reason="not_ours")
        actions.triage(actor=people_at_work.operator, application=application.pk, lead="TABIB")

    share = Clock.objects.get(referral__unit="TABIB", measure="resolve")
    assert not share.capped
    assert share.due_at > after
