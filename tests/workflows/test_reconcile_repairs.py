"""What repairs promise beside making the finding go: nothing is reset, nothing is lost, everybody is told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from viewflow.workflow.models import Process, Task

from agencies.lifecycle import ReferralState
from agencies.models import Referral
from events.catalog import Kind
from events.models import Command, Event, Stream
from intake.lifecycle import ApplicationState
from intake.models import Application
from sla.models import Clock, Firing
from workflows import actions, firing, queue, reconcile

pytestmark = pytest.mark.django_db


def repaired() -> set[str]:
    """Repair; everything has to be well then. The checks that led to it."""
    done = {it.check for it in reconcile.repair()}
    assert reconcile.run() == []
    return done


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(statement, parameters)


def newest(record: Any) -> Event:
    whose = {"referral": record.pk} if isinstance(record, Referral) else {"referral": None}
    application = record.application_id if isinstance(record, Referral) else record.pk
    return Event.objects.filter(application=application, **whose).order_by("-id")[0]


# --- rebuilding -----------------------------------------------------------------------------------------


def test_a_lost_process_is_started_anew_and_keeps_the_work_of_its_units(
    register: Any, referrals: Any, worker: Any
) -> None:
    application = register("MED-EXAM")
    part = referrals(application)[0]
    actions.claim(actor=worker(part), referral=part.pk)
    task = Task.objects.get(process=part.process_id or 0, owner__isnull=False)
    sql("UPDATE intake_application SET process_id = NULL WHERE id = %s", application.pk)

    assert "application-process" in repaired()

    application.refresh_from_db()
    task.refresh_from_db()
    assert (task.status, task.owner) == ("ASSIGNED", worker(part))
    assert {it.process.parent_task.process_id for it in referrals(application)} == {application.process_id}
    running = Process.objects.filter(finished=None)
    assert running.count() == 1 + len(referrals(application)), "the one that was lost has ended"


def test_an_escalation_moves_to_the_process_that_is_started_anew(register: Any, people_at_work: Any) -> None:
    application = register("PSY-CRISIS")
    while firing.fire(now=application.registered_at + timedelta(minutes=6)):
        pass
    firing.escalate()
    (before,) = queue.escalations()
    sql("UPDATE intake_application SET process_id = NULL WHERE id = %s", application.pk)

    assert {"application-process", "boundary-of-its-process", "escalation-of-a-breach"} <= repaired()

    application.refresh_from_db()
    (after,) = queue.escalations()
    assert (after.pk, after.task.process_id) == (before.pk, application.process_id)
    fired = Firing.objects.filter(clock=before.clock_id)
    assert {it.boundary.process_id for it in fired} == {application.process_id}
    actions.settle_escalation(
        actor=people_at_work.supervisor, application=application.pk, firing=after.pk, text="Zəng edildi."
    )
    assert reconcile.run() == []


def test_everything_of_the_engine_can_be_lost_at_once(
    register: Any, referrals: Any, answer: Any, give_back: Any, people_at_work: Any
) -> None:
    routed, returned, answered = register("MED-EXAM"), register("INS-STATUS"), register("INS-STATUS")
    give_back(referrals(returned)[0])
    for part in referrals(answered):
        answer(part)
    sql("UPDATE intake_application SET process_id = NULL")
    sql("UPDATE agencies_referral SET process_id = NULL")
    sql("UPDATE viewflow_task SET status = 'DONE'")

    repaired()

    states = {row.pk: row.state for row in Application.objects.all()}
    assert states == {
        routed.pk: "routed",
        returned.pk: "triage",
        answered.pk: "awaiting_confirmation",
    }
    assert list(queue.confirmations()) == [answered]
    assert [part.application_id for part in queue.returned()] == [returned.pk]
    for part in referrals(routed):
        assert (
            Task.objects.get(process=part.process, status="NEW").owner_permission == f"queue:{part.unit_id}"
        )


def test_work_that_was_closed_over_is_asked_for_again(
    register: Any, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    """Closed by a hand while a unit works, and nobody was told: it goes on."""
    application = register("MED-EXAM")
    due_at = application.due_at
    sql("UPDATE intake_application SET state = 'closed', closed_at = now() WHERE id = %s", application.pk)
    sql("UPDATE sla_clock SET stopped_at = now(), next_at = NULL WHERE referral_id IS NULL")

    assert "closed-is-over" in repaired()

    application.refresh_from_db()
    assert (application.state, application.closed_at, application.due_at) == ("routed", None, due_at)
    assert newest(application).kind == Kind.APPLICATION_RECONCILED


def test_what_is_left_of_a_confirmed_application_is_called_back(
    register: Any, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("INS-STATUS")
    for part in referrals(application):
        answer(part)
    actions.confirm(actor=people_at_work.operator, application=application.pk, text="Bəli.")
    sql("UPDATE agencies_referral SET state = 'accepted', finished_at = NULL WHERE is_lead")

    assert "closed-is-over" in repaired()

    part = Referral.objects.get(application=application, is_lead=True)
    assert (part.state, part.reason_id) == ("cancelled", "policy_met")
    application.refresh_from_db()
    assert application.state == "closed"


@pytest.mark.parametrize("state", ["withdrawn", "entered_in_error"])
def test_units_of_what_was_taken_back_are_called_off(register: Any, state: str) -> None:
    application = register("MED-EXAM")
    sql("UPDATE intake_application SET state = %s, closed_at = now() WHERE id = %s", state, application.pk)

    assert "closed-is-over" in repaired()

    parts = Referral.objects.filter(application=application)
    assert {(part.state, part.reason_id) for part in parts} == {("cancelled", state)}
    assert not Process.objects.filter(finished=None).exists()


def test_the_part_that_was_asked_first_leads(register: Any, referrals: Any) -> None:
    application = register("MED-EXAM")
    first, *others = sorted(referrals(application), key=lambda part: (part.requested_at, part.pk))
    assert others
    sql("UPDATE agencies_referral SET is_lead = false")

    assert "open-has-a-lead" in repaired()

    assert [part.pk for part in referrals(application) if part.is_lead] == [first.pk]
    told = newest(Referral.objects.get(pk=first.pk))
    assert (told.kind, told.reason) == (Kind.REFERRAL_RECONCILED, "open-has-a-lead")


def test_a_healthy_application_is_left_alone(register: Any, referrals: Any, worker: Any) -> None:
    application = register("MED-EXAM")
    part = referrals(application)[0]
    actions.claim(actor=worker(part), referral=part.pk)
    before = Event.objects.count(), Task.objects.count(), Process.objects.count()

    assert not reconcile.repairs.rebuild(application.pk, "known-state")

    assert (Event.objects.count(), Task.objects.count(), Process.objects.count()) == before


# --- time -----------------------------------------------------------------------------------------------


def test_a_repair_gives_no_time_and_takes_none(register: Any, referrals: Any) -> None:
    application = register("MED-EXAM")
    part = referrals(application)[0]
    before = application.due_at, part.due_at
    sql("DELETE FROM sla_clock WHERE measure IN ('resolution', 'resolve')")

    assert "clock-runs" in repaired()

    application.refresh_from_db()
    part.refresh_from_db()
    assert (application.due_at, part.due_at) == before
    assert Clock.objects.get(referral=part, measure="resolve").started_at == part.requested_at


def test_lists_follow_with_a_new_version_and_an_event(register: Any) -> None:
    application = register("MED-EXAM")
    sql("UPDATE intake_application SET due_at = due_at + interval '1 day' WHERE id = %s", application.pk)

    assert repaired() == {"due-copy"}

    version = application.version
    application.refresh_from_db()
    assert application.version == version + 1
    assert newest(application).kind == Kind.APPLICATION_RESCHEDULED


def test_a_wait_that_nobody_ended_ends_when_it_should_have(
    register: Any, referrals: Any, worker: Any
) -> None:
    (part, *_) = referrals(register("INS-STATUS"))
    actions.hold(actor=worker(part), referral=part.pk, reason="waiting_citizen")
    sql(
        "UPDATE agencies_hold SET started_at = now() - interval '1 hour',"
        " until = now() - interval '2 minutes'"
    )

    assert "hold-ends" in repaired()

    part.refresh_from_db()
    hold = part.holds.get()
    assert (part.state, hold.ended_at) == (ReferralState.IN_PROGRESS, hold.until)


def test_what_a_disabled_user_held_can_be_taken_by_a_colleague(
    register: Any, referrals: Any, people_at_work: Any
) -> None:
    (part, *_) = [it for it in referrals(register("MED-EXAM")) if it.agency_id == "TABIB"]
    actions.claim(actor=people_at_work.tabib, referral=part.pk)
    people_at_work.tabib.is_active = False
    people_at_work.tabib.save()

    assert repaired() == {"owner-may-act"}

    assert newest(part).kind == Kind.REFERRAL_RELEASED
    actions.claim(actor=people_at_work.tabib2, referral=part.pk)
    assert reconcile.run() == []


# --- the journal ----------------------------------------------------------------------------------------


def test_what_differs_is_told_with_a_version_that_readers_do_not_know_yet(
    register: Any, referrals: Any, answer: Any
) -> None:
    application = register("INS-STATUS")
    for part in referrals(application):
        answer(part)
    told = newest(application).version
    sql("UPDATE intake_application SET state = 'triage', version = 1 WHERE id = %s", application.pk)

    assert "triage-is-on-the-desk" in repaired()

    application.refresh_from_db()
    assert (application.state, application.version) == (ApplicationState.TRIAGE, told + 1)
    assert (newest(application).version, newest(application).state) == (told + 1, "triage")
    assert list(queue.triage_applications()) == [application]


def test_a_gap_in_the_positions_begins_another_history(register: Any) -> None:
    register("MED-EXAM")
    reconcile.REPAIRS["event-is-stamped"](reconcile.Finding("event-is-stamped", "", ""))
    before = Stream.objects.get()
    sql("UPDATE events_event SET position = position + 1000 WHERE position = %s", before.head)

    assert repaired() == {"positions-are-dense"}

    after = Stream.objects.get()
    assert after.epoch != before.epoch
    assert after.floor == after.head == before.head + 1000


def test_a_key_whose_request_may_have_done_something_is_left_to_a_person(register: Any) -> None:
    application = register("MED-EXAM")
    sql("UPDATE events_event SET at = at - interval '5 minutes'")
    sql(
        "INSERT INTO events_command (principal_id, operation, key, fingerprint, result, at)"
        " VALUES (%s, 'register', 'k', '', '', now() - interval '5 minutes 1 second')",
        application.registered_by_id,
    )

    assert {it.check for it in reconcile.repair()} == {"event-is-stamped"}

    assert [it.check for it in reconcile.run()] == ["accepted-key-has-its-result"]
    assert Command.objects.count() == 1


# --- as a whole -----------------------------------------------------------------------------------------


def test_a_repair_that_fails_is_a_finding_and_keeps_no_other_waiting(
    register: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = register("MED-EXAM"), register("MED-EXAM")
    sql("UPDATE intake_application SET version = version + 1")
    tell = reconcile.REPAIRS["application-event"]

    def busy(finding: reconcile.Finding) -> bool:
        if finding.record == str(first.pk):
            raise OperationalError("busy")
        return tell(finding)

    monkeypatch.setitem(reconcile.REPAIRS, "application-event", busy)

    done = {(it.check, it.record, it.detail) for it in reconcile.repair()}

    assert (reconcile.FAILED, str(first.pk), "application-event: OperationalError") in done
    assert {it.record for it in reconcile.run()} == {str(first.pk)}
    assert newest(second).kind == Kind.APPLICATION_RECONCILED


def test_every_invariant_has_its_repair_or_is_for_people() -> None:
    assert set(reconcile.REPAIRS) | reconcile.FOR_PEOPLE == set(reconcile.INVARIANTS)
    assert not set(reconcile.REPAIRS) & reconcile.FOR_PEOPLE


def test_the_runbook_speaks_of_every_invariant() -> None:
    text = (settings.BASE_DIR / "docs" / "runbook.md").read_text()
    entries = dict(re.findall(r"^### `([a-z-]+)`\n\n(.+?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))

    assert set(entries) == set(reconcile.INVARIANTS)
    for name, entry in entries.items():
        sentence = " ".join(str(reconcile.INVARIANTS[name].__doc__).split())
        assert sentence in " ".join(entry.split()), name
        assert re.search(r"\*\*Repair:\*\* .+\*\*You:\*\* ", entry, re.DOTALL), name
