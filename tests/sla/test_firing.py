"""Time runs out by itself: what fires, when to the second, and what its policy does about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from agencies.models import Hold, Referral
from events import clock
from events.errors import Conflict, Denied
from events.models import Event
from intake.models import Application
from sla.models import Clock, Firing
from tests.bulk import statements
from workflows import actions, firing, queue, reconcile
from workflows.flows import ApplicationFlow, ReferralFlow

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku
SECOND = timedelta(seconds=1)

Register = Callable[..., Application]


def until(instant: datetime) -> int:
    """Let the clocks run to ``instant``: all that is due fires, and breaches lead to what they lead to."""
    whole = 0
    with clock.at(instant):
        while done := firing.fire(now=instant):
            whole += done
        while firing.escalate():
            pass
    return whole


def at(instant: datetime, register: Register, subtopic: str, **more: Any) -> Application:
    with clock.at(instant):
        return register(subtopic, **more)


def of(row: Application | Referral, measure: str) -> Clock:
    owner = {"referral": row} if isinstance(row, Referral) else {"application": row, "referral": None}
    return Clock.objects.get(measure=measure, **owner)


def fired(found: Clock) -> list[tuple[int, datetime]]:
    return list(found.firings.order_by("id").values_list("level", "due_at"))


def told(kind: str, **data: Any) -> list[Event]:
    matching = {f"data__{name}": value for name, value in data.items()}
    return list(Event.objects.filter(kind=kind, **matching).order_by("id"))


def disagreements() -> list[reconcile.Finding]:
    """What does not agree; no relay stamps what was played in the past."""
    return reconcile.run([name for name in reconcile.INVARIANTS if name != "event-is-stamped"])


# --- when ---------------------------------------------------------------------------------------------


def test_warning_and_breach_come_at_their_instants_and_not_a_second_before(register: Register) -> None:
    promise = of(at(TUESDAY, register, "INS-STATUS"), "resolution")
    warned, breached = promise.instants
    assert (promise.levels, promise.next_at, breached) == ([75, 100], warned, promise.due_at)

    until(warned - SECOND)
    assert fired(promise) == []
    until(warned)
    assert fired(promise) == [(75, warned)]
    until(breached - SECOND)
    assert fired(promise) == [(75, warned)]
    until(breached)
    assert fired(promise) == [(75, warned), (100, breached)]

    promise.refresh_from_db()
    assert (promise.level, promise.next_at) == (2, None)
    assert until(breached + timedelta(days=300)) == 0 or fired(promise) == [(75, warned), (100, breached)]


def test_a_crisis_is_warned_of_at_half_its_minutes(register: Register) -> None:
    application = at(TUESDAY.replace(hour=20), register, "PSY-CRISIS")
    accepting = of(application.referrals.get(unit="MOH.PSM"), "accept")

    until(application.registered_at + timedelta(minutes=5))

    half = timedelta(minutes=2, seconds=30)
    assert fired(accepting) == [
        (50, application.registered_at + half),
        (100, application.registered_at + 2 * half),
    ]


def test_what_is_seen_late_says_so_and_a_warning_overtaken_calls_nobody(register: Register) -> None:
    application = at(TUESDAY, register, "RX-ADR")
    accepting = of(application.referrals.get(is_lead=True), "accept")
    acting = of(application.referrals.get(is_lead=True), "first_action")

    until(TUESDAY + timedelta(minutes=95))  # an hour to accept, two to act; nobody had swept

    assert [row.late_detected for row in accepting.firings.order_by("id")] == [True, True]
    news = Event.objects.filter(referral=accepting.referral_id, kind__startswith="clock.")
    seen = {(it.data["measure"], it.data["level"]): it.data["notify"] for it in news}
    assert seen == {("accept", 75): 0, ("accept", 100): 1, ("first_action", 75): 1}
    assert all(it.data["late_detected"] == 1 for it in news)
    assert acting.firings.get().due_at == TUESDAY + timedelta(minutes=90)


def test_up_to_five_seconds_nothing_is_late(register: Register) -> None:
    accepting = of(at(TUESDAY, register, "INS-STATUS").referrals.get(), "accept")

    until(accepting.warn_at + timedelta(seconds=5))

    assert not accepting.firings.get().late_detected


def test_nothing_fires_for_what_has_stopped(register: Register, people_at_work: Any) -> None:
    application = at(TUESDAY, register, "INS-STATUS")
    referral = application.referrals.get()
    with clock.at(TUESDAY + SECOND):
        actions.complete(
            actor=people_at_work.samhi, referral=referral.pk, outcome="provided", text="Görüldü."
        )
        actions.confirm(actor=people_at_work.operator, application=application.pk)

    assert until(TUESDAY + timedelta(days=60)) == 0


def test_more_time_moves_what_is_to_come_and_repeats_nothing(register: Register, people_at_work: Any) -> None:
    application = at(TUESDAY, register, "INS-STATUS")
    promise = of(application, "resolution")
    until(promise.warn_at)

    with clock.at(promise.warn_at + SECOND):
        actions.extend(
            actor=people_at_work.supervisor,
            application=application.pk,
            reason="additional_study",
            text="Əlavə araşdırma aparılır.",
        )

    before, (warned, breached) = promise.due_at, Clock.objects.get(pk=promise.pk).instants
    assert breached > before
    until(breached - SECOND)
    assert fired(promise) == [(75, promise.warn_at)]
    until(breached)
    assert fired(promise) == [(75, promise.warn_at), (100, breached)]
    assert warned != promise.warn_at


def test_a_wait_whose_time_is_up_ends_by_itself(register: Register, people_at_work: Any) -> None:
    application = at(TUESDAY, register, "INS-STATUS")
    referral = application.referrals.get()
    with clock.at(TUESDAY + SECOND):
        actions.hold(actor=people_at_work.samhi, referral=referral.pk, reason="waiting_citizen")
    wait = Hold.objects.get(referral=referral)

    assert firing.end_waits(wait.until - SECOND) == 0
    assert firing.end_waits(wait.until) == 1

    wait.refresh_from_db()
    referral.refresh_from_db()
    assert (wait.ended_at, wait.ended_by, referral.state) == (wait.until, None, "in_progress")


# --- what is told -------------------------------------------------------------------------------------


def test_the_event_names_the_level_its_instant_and_those_concerned(register: Register) -> None:
    application = at(TUESDAY, register, "PRO-REPAIR")
    referral = application.referrals.get(unit="MLSPP.DTSERA")
    accepting = of(referral, "accept")

    until(accepting.warn_at)

    (warning,) = [it for it in told("clock.warned", measure="accept") if it.referral == referral.pk]
    assert warning.data == {
        "measure": "accept",
        "level": 75,
        "due": accepting.warn_at.isoformat(),
        "notify": 1,
    }
    assert {"queue:MLSPP.DTSERA", "queue:MLSPP", "board", "board:MLSPP"} <= set(warning.topics)
    assert (warning.application, warning.unit) == (application.pk, "MLSPP.DTSERA")


def test_a_promise_is_told_to_the_call_centre_alone(register: Register) -> None:
    application = at(TUESDAY, register, "INS-STATUS")

    until(of(application, "first_answer").due_at)

    (breach,) = told("clock.breached", measure="first_answer")
    assert breach.referral is None
    registrar = f"desk:{application.registered_by_id}"
    assert set(breach.topics) == {f"application:{application.pk}", "board", registrar}


# --- in the process -----------------------------------------------------------------------------------


def test_a_level_leaves_its_row_on_the_edge_of_the_activity(register: Register) -> None:
    application = at(TUESDAY, register, "INS-STATUS")
    referral = application.referrals.get()
    accepting = of(referral, "accept")

    until(accepting.due_at)

    rows = Task.objects.filter(process=referral.process_id, flow_task_type="BOUNDARY").order_by("id")
    assert [row.flow_task for row in rows] == [ReferralFlow.work_warned, ReferralFlow.work_breached]
    assert [row.created for row in rows] == accepting.instants
    assert {row.status for row in rows} == {STATUS.DONE}
    work = Task.objects.get(process=referral.process_id, flow_task=ReferralFlow.work)
    assert work.status == STATUS.NEW
    assert all(list(row.previous.all()) == [work] for row in rows)
    assert [row.boundary for row in accepting.firings.order_by("id")] == list(rows)


def test_the_row_of_a_promise_hangs_where_the_application_stands(
    register: Register, people_at_work: Any
) -> None:
    on_desk = at(TUESDAY, register, "INS-STATUS", facts={"unclear": True})
    in_work = at(TUESDAY, register, "INS-STATUS")
    answered = at(TUESDAY, register, "INS-STATUS")
    with clock.at(TUESDAY + SECOND):
        actions.complete(
            actor=people_at_work.samhi, referral=answered.referrals.get().pk, outcome="provided", text="Oldu."
        )

    until(max(of(row, "resolution").due_at for row in (on_desk, in_work, answered)))

    stands = {
        row: of(row, "resolution").firings.get(level=100).boundary.flow_task
        for row in (on_desk, in_work, answered)
    }
    assert stands == {
        on_desk: ApplicationFlow.triage_breached,
        in_work: ApplicationFlow.refer_breached,
        answered: ApplicationFlow.confirm_breached,
    }


# --- consequences -------------------------------------------------------------------------------------


def test_a_broken_share_of_the_second_class_raises_all_to_the_first(register: Register) -> None:
    application = at(TUESDAY, register, "PRO-REPAIR")
    assert application.priority == "P2"
    parts = set(application.referrals.values_list("pk", flat=True))
    share = of(application.referrals.get(is_lead=True), "resolve")

    until(share.due_at - SECOND)
    application.refresh_from_db()
    assert application.priority == "P2"
    until(share.due_at)

    application.refresh_from_db()
    assert application.priority == "P1"
    assert set(application.referrals.values_list("priority", flat=True)) == {"P1"}
    assert [it.application for it in told("application.raised")] == [application.pk]
    assert {it.referral for it in told("referral.raised")} == parts
    assert not Firing.objects.filter(pending=True).exists()


def test_two_broken_shares_raise_it_by_one_class(register: Register) -> None:
    application = at(TUESDAY, register, "MED-EXAM")
    assert (application.priority, application.referrals.count()) == ("P3", 2)

    until(of(application, "resolution").due_at)

    application.refresh_from_db()
    assert application.priority == "P2"


def test_a_broken_acceptance_calls_somebody_and_does_nothing_else(register: Register) -> None:
    application = at(TUESDAY, register, "PRO-REPAIR")

    until(of(application.referrals.get(is_lead=True), "accept").due_at)

    assert {it.data["notify"] for it in told("clock.breached", measure="accept")} == {1}
    application.refresh_from_db()
    assert application.priority == "P2"
    assert not queue.escalations().exists()


def test_being_late_makes_nothing_a_crisis(register: Register) -> None:
    application = at(TUESDAY, register, "PRO-REPAIR")

    until(TUESDAY + timedelta(days=90))

    application.refresh_from_db()
    assert application.priority == "P1"


@pytest.fixture
def escalated(register: Register) -> Firing:
    """The promise of an answer, broken: the application's process asks the supervisor."""
    promise = of(at(TUESDAY, register, "RX-ADR"), "resolution")
    until(promise.due_at)
    return promise.firings.get(level=100)


def test_a_broken_promise_of_the_first_class_asks_the_supervisor_once(escalated: Firing) -> None:
    application = escalated.clock.application
    until(escalated.due_at + SECOND)
    assert not actions.escalate(escalated.pk)

    (asked,) = Task.objects.filter(flow_task__in=[ApplicationFlow.escalation, ReferralFlow.escalation])
    assert (asked.process_id, asked.status, asked.owner_permission) == (
        application.process_id,
        STATUS.NEW,
        "supervisor",
    )
    assert escalated.task == asked
    assert list(asked.previous.all()) == [escalated.boundary]
    assert list(queue.escalations()) == [escalated]
    (opened,) = told("escalation.opened")
    assert (opened.application, opened.data["measure"]) == (application.pk, "resolution")


def test_every_breach_of_a_crisis_is_looked_at_one_task_at_a_time(register: Register) -> None:
    application = at(TUESDAY, register, "PSY-CRISIS")

    until(TUESDAY + timedelta(minutes=15))

    broken = Firing.objects.filter(clock__application=application, level=100)
    assert set(broken.values_list("clock__measure", flat=True)) == {"first_answer", "accept", "first_action"}
    assert queue.escalations().count() == 1
    assert not broken.filter(pending=True).exists()


def settle(breach: Firing, actor: Any) -> Firing:
    return actions.settle_escalation(
        actor=actor, application=breach.clock.application_id, firing=breach.pk, text="Rəhbərliyə zəng edildi."
    )


def test_the_supervisor_settles_it_once(escalated: Firing, people_at_work: Any) -> None:
    settled = settle(escalated, people_at_work.supervisor)

    assert (settled.settlement, settled.settled_by) == ("Rəhbərliyə zəng edildi.", people_at_work.supervisor)
    task = Task.objects.get(pk=settled.task_id)
    assert (task.status, task.owner, task.flow_task) == (
        STATUS.DONE,
        people_at_work.supervisor,
        ApplicationFlow.escalation,
    )
    assert settled not in queue.escalations()
    assert len(told("escalation.settled")) == 1
    with pytest.raises(Conflict) as refused:
        settle(escalated, people_at_work.supervisor)
    assert refused.value.code == "no_open_task"


@pytest.mark.parametrize("who", ["operator", "tabib", "tabib_admin", "clinician", "admin"])
def test_nobody_else_settles_it(escalated: Firing, people_at_work: Any, who: str) -> None:
    with pytest.raises(Denied):
        settle(escalated, getattr(people_at_work, who))

    assert escalated in queue.escalations()


def test_what_is_over_needs_no_supervisor(escalated: Firing, people_at_work: Any) -> None:
    application = escalated.clock.application
    for referral in application.referrals.all():
        worker = people_at_work.users.get(referral.agency_id.lower())
        actions.complete(actor=worker, referral=referral.pk, outcome="provided", text="Oldu.")
    assert list(queue.escalations()) == [escalated]
    actions.confirm(actor=people_at_work.operator, application=application.pk)

    assert Task.objects.get(pk=escalated.task_id).status == STATUS.CANCELED
    assert not queue.escalations().exists()
    assert disagreements() == []


def test_a_unit_that_answers_late_ends_what_the_supervisor_was_asked(
    register: Register, people_at_work: Any
) -> None:
    application = at(TUESDAY, register, "PSY-CRISIS")
    lead = application.referrals.get(is_lead=True)
    with clock.at(TUESDAY + SECOND):  # somebody answers the citizen; the others are still to take it on
        actions.accept(actor=people_at_work.moh, referral=lead.pk)
    until(TUESDAY + timedelta(minutes=5))
    breach = queue.escalations().get()
    late = breach.clock.referral
    assert breach.task.process_id == late.process_id

    worker = people_at_work.users.get(late.agency_id.lower(), people_at_work.operator)
    with clock.at(TUESDAY + timedelta(minutes=6)):
        actions.complete(actor=worker, referral=late.pk, outcome="provided", text="Oldu.")

    assert Task.objects.get(pk=breach.task_id).status == STATUS.CANCELED
    assert not queue.escalations().exists()


def test_a_breach_of_what_ended_meanwhile_leads_to_nothing(register: Register, people_at_work: Any) -> None:
    application = at(TUESDAY, register, "PSY-CRISIS")
    with clock.at(TUESDAY + timedelta(minutes=5)):
        while firing.fire(now=clock.now()):
            pass
    actions.withdraw(actor=people_at_work.operator, application=application.pk, text="Lazım deyil.")

    assert firing.escalate() > 0

    assert not Firing.objects.filter(pending=True).exists()
    assert not queue.escalations().exists()
    assert disagreements() == []


# --- at any number ------------------------------------------------------------------------------------


def test_a_hundred_cost_as_many_statements_as_ten(register: Register) -> None:
    for _n in range(13):
        at(TUESDAY, register, "PRO-REPAIR")
    late = TUESDAY + timedelta(days=90)
    firing.fire(1, late)

    few = statements(lambda: firing.fire(10, late))
    many = statements(lambda: firing.fire(100, late))

    assert few == many < 15
    assert Firing.objects.count() == 111


def test_nothing_due_costs_one_look(reference: None) -> None:
    assert statements(lambda: firing.fire(100, TUESDAY)) <= 3  # with the savepoint around it


def test_the_command_does_what_is_due_and_says_how_much(
    register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    application = register("INS-STATUS")
    due = clock.now() - SECOND
    Clock.objects.filter(application=application, measure="accept").update(
        instants=[due, due + timedelta(days=9)], next_at=due
    )

    call_command("clocks", "--once")
    call_command("clocks", "--once")

    assert capsys.readouterr().out.split("\n")[:2] == ["1 done", "0 done"]
    assert Firing.objects.get().due_at == due


def test_a_record_that_cannot_be_right_stops_no_other(
    register: Register, people_at_work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(TUESDAY, register, "PSY-CRISIS")
    with clock.at(TUESDAY + timedelta(minutes=5)):
        while firing.fire(now=clock.now()):
            pass
    first, *others = Firing.objects.filter(pending=True).order_by("id").values_list("id", flat=True)
    plain = actions.escalate

    def fails(pk: int) -> bool:
        if pk == first:
            raise LookupError
        return plain(pk)

    monkeypatch.setattr(actions, "escalate", fails)

    assert firing.escalate() == len(others)
    assert list(Firing.objects.filter(pending=True).values_list("id", flat=True)) == [first]
