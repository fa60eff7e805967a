"""The audit: nothing found where all is well, each corruption found by its own check and by no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from agencies.models import Referral
from intake.models import Application
from sla.models import Clock
from workflows import actions, firing, reconcile

pytestmark = pytest.mark.django_db


class House:
    """An application in each state, and a way to break what the services never break."""

    def __init__(self, people: Any, **applications: Application) -> None:
        self.people, self.applications = people, applications

    def __getattr__(self, name: str) -> Application:
        return Application.objects.get(pk=self.__dict__["applications"][name].pk)

    def referral(self, name: str, **filters: Any) -> Referral:
        found = Referral.objects.filter(application=self.applications[name], **filters)
        return found.order_by("-is_lead", "pk")[0]

    def all(self) -> list[Application]:
        return [getattr(self, name) for name in self.applications]

    def triage(self, application: Application, unit: str) -> None:
        actions.triage(actor=self.people.operator, application=application.pk, lead=unit, text="Yoxlanıldı.")

    def named_in(self, records: set[str]) -> list[Application]:
        """The applications that these findings are about; a new one among them, whatever they name."""
        parts = Referral.objects.filter(application__in=self.all()).values_list("id", "application")
        of_parts = {application for part, application in parts if str(part) in records}
        return [
            row for row in self.all() if row.pk in of_parts or str(row.pk) in records or row == self.fresh
        ]

    def live_on(self, rows: list[Application]) -> None:
        """Let everybody do what is asked of them until these applications are closed."""
        for row in rows:
            for _ in range(10):
                if row.state == "closed":
                    break
                self.step(row)
                row.refresh_from_db()

    def step(self, row: Application) -> None:
        while part := Referral.objects.filter(application=row).open().select_related("assignee").first():
            who = part.assignee or self.people.users.get(part.agency_id.lower(), self.people.operator)
            if part.assignee is None:
                actions.claim(actor=who, referral=part.pk)
            actions.complete(actor=who, referral=part.pk, outcome="provided", text="Həll olundu.")
        row.refresh_from_db()
        if row.state == "triage":
            asked = Referral.objects.filter(application=row).values_list("unit", flat=True)
            self.triage(row, next(unit for unit in ("TABIB", "MOH", "YASHAT", "SAMHI") if unit not in asked))
        elif row.state == "awaiting_confirmation":
            actions.confirm(actor=self.people.operator, application=row.pk, text="Bəli.")

    def sql(self, statement: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(statement, parameters)


@pytest.fixture
def house(
    register: Any, people_at_work: Any, referrals: Any, answer: Any, give_back: Any, worker: Any
) -> House:
    """Applications in work, held, waiting, returned, answered, closed, and with an escalated breach."""
    operator = people_at_work.operator
    made = {name: register("INS-STATUS") for name in ("held", "answered", "closed", "returned")}
    made["fresh"] = register("MED-EXAM")
    held = referrals(made["held"])[0]
    actions.claim(actor=worker(held), referral=held.pk)
    for name in ("answered", "closed"):
        for referral in referrals(made[name]):
            answer(referral)
    actions.confirm(actor=operator, application=made["closed"].pk, text="Bəli.")
    give_back(referrals(made["returned"])[0])
    made["waiting"] = register("INS-STATUS")
    waiting = referrals(made["waiting"])[0]
    actions.hold(actor=worker(waiting), referral=waiting.pk, reason="waiting_citizen")
    made["late"] = register("PSY-CRISIS")
    fire_until(made["late"].registered_at + timedelta(minutes=6))  # five to accept it, fifteen to act
    return House(people_at_work, **made)


def fire_until(instant: datetime) -> None:
    while firing.fire(now=instant):
        pass
    firing.escalate()


def broken() -> set[str]:
    return {finding.check for finding in reconcile.run()}


Corruption = Callable[[House], None]
CORRUPTIONS: dict[str, list[tuple[Corruption, set[str]]]] = {}


def corrupts(check: str, *also: str) -> Callable[[Corruption], Corruption]:
    """Register a corruption that ``check`` has to find; ``also`` are checks that see it, too."""

    def keep(corruption: Corruption) -> Corruption:
        CORRUPTIONS.setdefault(check, []).append((corruption, {check, *also}))
        return corruption

    return keep


@corrupts("application-process", "process-has-an-owner", "child-of-its-application")
def loses_its_process(house: House) -> None:
    house.sql("UPDATE intake_application SET process_id = NULL WHERE id = %s", house.fresh.pk)


@corrupts("application-task", "answered-waits-for-confirmation")
def loses_its_task(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'DONE' WHERE process_id = %s AND status = 'NEW'",
        house.answered.process_id,
    )


@corrupts("routed-is-worked-on", "application-event")
def is_called_routed_while_nobody_works(house: House) -> None:
    house.sql("UPDATE intake_application SET state = 'routed' WHERE id = %s", house.answered.pk)


@corrupts("triage-is-on-the-desk")
def returned_referral_leaves_the_desk(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'STARTED' WHERE process_id = %s AND status = 'NEW'",
        house.referral("returned").process_id,
    )


@corrupts("answered-waits-for-confirmation", "application-queue")
def confirmation_turns_into_something_else(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET flow_task = 'workflows/flows.ApplicationFlow.triage'"
        " WHERE process_id = %s AND status = 'NEW'",
        house.answered.process_id,
    )


@corrupts("closed-is-over", "application-event", "clock-stops")
def closes_with_open_referrals(house: House) -> None:
    house.sql("UPDATE intake_application SET state = 'closed' WHERE id = %s", house.fresh.pk)


@corrupts("closed-is-over")
def process_outlives_its_application(house: House) -> None:
    house.sql(
        "UPDATE viewflow_process SET finished = NULL, status = 'NEW' WHERE id = %s", house.closed.process_id
    )


@corrupts("somebody-leads", "open-has-a-lead")
def nobody_leads(house: House) -> None:
    house.sql("UPDATE agencies_referral SET is_lead = false WHERE application_id = %s", house.fresh.pk)


@corrupts("one-leads")
def two_lead(house: House) -> None:
    house.sql("DROP INDEX agencies_one_open_lead")
    house.sql("UPDATE agencies_referral SET is_lead = true WHERE application_id = %s", house.fresh.pk)


@corrupts("referral-process", "process-has-an-owner")
def referral_loses_its_process(house: House) -> None:
    house.sql("UPDATE agencies_referral SET process_id = NULL WHERE id = %s", house.referral("fresh").pk)


@corrupts("referral-task")
def referral_loses_its_task(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'DONE' WHERE process_id = %s AND status = 'NEW'",
        house.referral("fresh").process_id,
    )


@corrupts("finished-leaves-the-desk", "referral-event", "clock-stops")
def finished_referral_stays_on_the_desk(house: House) -> None:
    house.sql("UPDATE agencies_referral SET state = 'completed' WHERE id = %s", house.referral("fresh").pk)


@corrupts("child-of-its-application")
def child_of_another(house: House) -> None:
    house.sql(
        "UPDATE viewflow_process SET parent_task_id = (SELECT parent_task_id FROM viewflow_process"
        " WHERE id = %s) WHERE id = %s",
        house.referral("held").process_id,
        house.referral("fresh").process_id,
    )


@corrupts("task-owner")
def somebody_else_owns_the_task(house: House) -> None:
    house.sql("UPDATE agencies_referral SET assignee_id = NULL WHERE id = %s", house.referral("held").pk)


@corrupts("task-queue")
def lies_in_another_queue(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET owner_permission = 'queue:YASHAT' WHERE process_id = %s AND status = 'NEW'",
        house.referral("fresh").process_id,
    )


@corrupts("task-queue")
def lies_in_no_queue(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET owner_permission = NULL WHERE process_id = %s AND status = 'NEW'",
        house.referral("fresh").process_id,
    )


@corrupts("referral-agency", "event-audience")
def is_another_agencys(house: House) -> None:
    house.sql("UPDATE agencies_referral SET agency_id = 'YASHAT' WHERE id = %s", house.referral("fresh").pk)


@corrupts("parent-goes-on", "triage-is-on-the-desk", "application-event")
def nobody_woke_the_parent(house: House) -> None:
    """As if it had died between the last child and the parent, which one transaction prevents."""
    process = house.answered.process_id
    house.sql(
        "UPDATE viewflow_task SET status = 'CANCELED' WHERE process_id = %s AND status = 'NEW'", process
    )
    house.sql(
        "UPDATE viewflow_task SET status = 'STARTED', finished = NULL WHERE process_id = %s"
        " AND flow_task = 'workflows/flows.ApplicationFlow.refer'",
        process,
    )
    house.sql("UPDATE intake_application SET state = 'triage' WHERE id = %s", house.answered.pk)


@corrupts("process-has-an-owner")
def process_of_nobody(house: House) -> None:
    house.sql(
        "INSERT INTO viewflow_process (flow_class, status, created, data)"
        " VALUES ('workflows/flows.ReferralFlow', 'NEW', now(), '{}')"
    )


@corrupts("finished-process-is-over")
def task_outlives_its_process(house: House) -> None:
    house.sql(
        "INSERT INTO viewflow_task (flow_task, flow_task_type, status, created, token, process_id, data,"
        " owner_permission) VALUES ('workflows/flows.ApplicationFlow.confirm', 'HUMAN', 'NEW', now(),"
        " 'start', %s, '{}', 'desk')",
        house.closed.process_id,
    )


@corrupts("known-flow")
def flow_is_unknown(house: House) -> None:
    house.sql(
        "UPDATE viewflow_process SET flow_class = 'workflows/flows.Gone' WHERE id = %s",
        house.closed.process_id,
    )


@corrupts("known-node")
def node_is_unknown(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET flow_task = 'workflows/flows.ApplicationFlow.gone'"
        " WHERE process_id = %s AND flow_task LIKE '%%.route'",
        house.closed.process_id,
    )


@corrupts("no-task-failed")
def task_is_in_error(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'ERROR' WHERE process_id = %s AND flow_task LIKE '%%.route'",
        house.closed.process_id,
    )


@corrupts("engine-holds-no-facts")
def task_remembers_an_exception(house: House) -> None:
    house.sql(
        """UPDATE viewflow_task SET data = '{"_exception": {"title": "x"}}' WHERE process_id = %s""",
        house.closed.process_id,
    )


@corrupts("engine-holds-no-facts")
def process_remembers_something(house: House) -> None:
    house.sql("""UPDATE viewflow_process SET data = '{"name": "x"}' WHERE id = %s""", house.closed.process_id)


@corrupts("clock-stops")
def clock_runs_on(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET stopped_at = NULL, next_at = instants[level + 1]"
        " WHERE application_id = %s AND kind = 'promise'",
        house.closed.pk,
    )


@corrupts("clock-stops")
def share_runs_on(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET stopped_at = NULL, next_at = instants[level + 1] WHERE referral_id = %s",
        house.referral("answered").pk,
    )


@corrupts("clock-runs")
def promise_stopped(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET stopped_at = now(), next_at = NULL WHERE application_id = %s"
        " AND kind = 'promise'",
        house.fresh.pk,
    )


@corrupts("clock-runs")
def share_is_missing(house: House) -> None:
    house.sql("DELETE FROM sla_clock WHERE referral_id = %s", house.referral("fresh").pk)


@corrupts("due-copy")
def list_shows_another_day(house: House) -> None:
    house.sql(
        "UPDATE intake_application SET due_at = due_at + interval '1 day' WHERE id = %s", house.fresh.pk
    )


@corrupts("due-copy")
def queue_shows_no_day(house: House) -> None:
    house.sql("UPDATE agencies_referral SET due_at = NULL WHERE id = %s", house.referral("held").pk)


@corrupts("fired-levels")
def level_is_counted_and_did_not_fire(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET level = level + 1, next_at = instants[level + 2] WHERE application_id = %s",
        house.fresh.pk,
    )


@corrupts("fired-levels")
def levels_fired_in_another_order(house: House) -> None:
    house.sql("ALTER TABLE sla_firing DROP CONSTRAINT sla_level_fires_once")
    house.sql(
        "UPDATE sla_firing SET level = 150 - level WHERE clock_id IN (SELECT id FROM sla_clock"
        " WHERE referral_id = %s AND measure = 'accept')",
        house.referral("late").pk,
    )


@corrupts("next-level")
def clock_that_never_fires(house: House) -> None:
    house.sql("UPDATE sla_clock SET next_at = NULL WHERE application_id = %s", house.fresh.pk)


@corrupts("next-level")
def clock_that_would_fire_a_level_too_early(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET next_at = instants[1] WHERE referral_id = %s AND measure = 'accept'",
        house.referral("late").pk,
    )


@corrupts("somebody-sweeps")
def nobody_sweeps(house: House) -> None:
    house.sql(
        "UPDATE sla_clock SET instants[1] = now() - interval '2 minutes',"
        " next_at = now() - interval '2 minutes' WHERE referral_id = %s AND measure = 'first_action'",
        house.referral("fresh").pk,
    )


@corrupts("breach-is-followed-up")
def breach_is_left_alone(house: House) -> None:
    house.sql("UPDATE sla_firing SET pending = true, fired_at = now() - interval '6 minutes'")


@corrupts("boundary-of-its-process")
def level_is_drawn_in_another_process(house: House) -> None:
    house.sql(
        "UPDATE sla_firing SET boundary_id = (SELECT min(id) FROM viewflow_task WHERE status = 'DONE'"
        " AND process_id = %s) WHERE level = 50"
        " AND clock_id IN (SELECT id FROM sla_clock WHERE referral_id = %s)",
        house.closed.process_id,
        house.referral("late").pk,
    )


@corrupts("boundary-of-its-process", "no-task-failed")
def row_of_a_level_is_not_done(house: House) -> None:
    house.sql("UPDATE viewflow_task SET status = 'ERROR' WHERE flow_task LIKE '%%.work_warned'")


@corrupts("escalation-of-a-breach")
def nobody_knows_why_the_supervisor_is_asked(house: House) -> None:
    house.sql("UPDATE sla_firing SET task_id = NULL WHERE task_id IS NOT NULL")


@corrupts("escalation-of-a-breach")
def settled_and_still_on_the_desk(house: House) -> None:
    house.sql("UPDATE sla_firing SET settled_at = now() WHERE task_id IS NOT NULL")


@corrupts("held-while-a-hold-is-open")
def wait_ended_and_the_referral_did_not_notice(house: House) -> None:
    house.sql("UPDATE agencies_hold SET ended_at = now()")


@corrupts("held-while-a-hold-is-open")
def held_without_a_hold(house: House) -> None:
    house.sql("DELETE FROM agencies_hold")


@corrupts("application-event")
def application_changed_in_silence(house: House) -> None:
    house.sql("UPDATE intake_application SET version = version + 1 WHERE id = %s", house.fresh.pk)


@corrupts("referral-event")
def referral_changed_in_silence(house: House) -> None:
    house.sql("UPDATE agencies_referral SET state = 'in_progress' WHERE id = %s", house.referral("held").pk)


@corrupts("event-is-stamped")
def relay_stands_still(house: House) -> None:
    house.sql(
        "UPDATE events_event SET at = now() - interval '2 minutes' WHERE application = %s", house.fresh.pk
    )


@corrupts("accepted-key-has-its-result")
def key_without_a_result(house: House) -> None:
    house.sql(
        "INSERT INTO events_command (principal_id, operation, key, fingerprint, result, at)"
        " VALUES (%s, 'register', 'k', '', '', now() - interval '2 minutes')",
        house.fresh.registered_by_id,
    )


@corrupts("known-state", "application-event")
def application_is_lost(house: House) -> None:
    house.sql("UPDATE intake_application SET state = 'registered' WHERE id = %s", house.fresh.pk)


@corrupts("known-state", "application-event", "clock-stops", "closed-is-over")
def application_is_somewhere_else(house: House) -> None:
    house.sql("UPDATE intake_application SET state = 'elsewhere' WHERE id = %s", house.answered.pk)


@corrupts("known-state", "referral-event", "finished-leaves-the-desk", "clock-stops", "routed-is-worked-on")
def referral_is_lost(house: House) -> None:
    house.sql("UPDATE agencies_referral SET state = 'lost' WHERE id = %s", house.referral("held").pk)


@corrupts("known-state", "referral-event", "confirmation-has-an-answer")
def answered_referral_is_lost(house: House) -> None:
    house.sql("UPDATE agencies_referral SET state = 'lost' WHERE id = %s", house.referral("answered").pk)


@corrupts("open-has-a-lead")
def who_took_over_does_not_lead(house: House) -> None:
    house.triage(house.returned, "YASHAT")
    house.sql(
        "UPDATE agencies_referral SET is_lead = false WHERE application_id = %s AND state = 'requested'",
        house.returned.pk,
    )


@corrupts("confirmation-has-an-answer", "referral-event")
def nothing_to_confirm(house: House) -> None:
    house.sql("UPDATE agencies_referral SET state = 'cancelled' WHERE application_id = %s", house.answered.pk)


@corrupts("confirmation-has-an-answer", "application-event", "answered-waits-for-confirmation")
def is_called_answered_while_units_work(house: House) -> None:
    house.sql("UPDATE intake_application SET state = 'awaiting_confirmation' WHERE id = %s", house.fresh.pk)


@corrupts("application-queue")
def confirmation_that_nobody_sees(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET owner_permission = NULL WHERE process_id = %s AND status = 'NEW'",
        house.answered.process_id,
    )


@corrupts("task-owner")
def nobodys_task_cannot_be_taken(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'ASSIGNED' WHERE process_id = %s AND status = 'NEW'",
        house.referral("fresh").process_id,
    )


@corrupts("owner-may-act")
def who_holds_it_is_disabled(house: House) -> None:
    house.sql("UPDATE access_user SET is_active = false WHERE id = %s", house.referral("held").assignee_id)


@corrupts("owner-may-act")
def who_holds_it_has_left_the_unit(house: House) -> None:
    house.sql("UPDATE agencies_membership SET unit_id = 'YASHAT'")
    house.sql(
        "UPDATE agencies_membership SET unit_id = %s WHERE user_id <> %s",
        house.referral("fresh").unit_id,
        house.referral("held").assignee_id,
    )


@corrupts("owner-may-act")
def who_owns_the_confirmation_is_disabled(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET status = 'ASSIGNED', owner_id = (SELECT id FROM access_user"
        " WHERE username = 'operator2') WHERE process_id = %s AND status = 'NEW'",
        house.answered.process_id,
    )
    house.sql("UPDATE access_user SET is_active = false WHERE username = 'operator2'")


@corrupts("one-task-per-node")
def works_on_it_twice(house: House) -> None:
    house.sql(
        "INSERT INTO viewflow_task (flow_task, flow_task_type, status, created, token, process_id, data,"
        " owner_permission) SELECT flow_task, flow_task_type, 'NEW', now(), token, process_id, data,"
        " owner_permission FROM viewflow_task WHERE process_id = %s AND status = 'NEW'",
        house.referral("fresh").process_id,
    )


@corrupts(
    "task-of-its-process",
    *("referral-task", "task-queue", "finished-leaves-the-desk", "finished-process-is-over"),
)
def task_moves_to_another_process(house: House) -> None:
    house.sql(
        "UPDATE viewflow_task SET process_id = %s WHERE process_id = %s AND status = 'NEW'",
        house.referral("closed").process_id,
        house.referral("fresh").process_id,
    )


@corrupts("task-of-its-process")
def task_of_another_flow(house: House) -> None:
    house.sql(
        "INSERT INTO viewflow_task (flow_task, flow_task_type, status, created, token, process_id, data,"
        " owner_permission) VALUES ('workflows/flows.ApplicationFlow.triage', 'HUMAN', 'NEW', now(),"
        " 'start', %s, '{}', 'triage')",
        house.referral("fresh").process_id,
    )


@corrupts("hold-ends")
def nobody_ends_the_wait(house: House) -> None:
    house.sql(
        "UPDATE agencies_hold SET started_at = now() - interval '1 hour',"
        " until = now() - interval '2 minutes'"
    )


@corrupts("escalation-of-a-breach")
def supervisor_no_longer_sees_the_breach(house: House) -> None:
    house.sql("UPDATE viewflow_task SET status = 'CANCELED' WHERE flow_task LIKE '%%.escalation'")


@corrupts("event-audience")
def agency_was_not_told(house: House) -> None:
    house.sql("UPDATE events_event SET topics = '{board}' WHERE referral = %s", house.referral("fresh").pk)


@corrupts("event-audience")
def application_was_told_to_nobody(house: House) -> None:
    house.sql(
        "UPDATE events_event SET topics = '{}' WHERE application = %s AND referral IS NULL", house.fresh.pk
    )


@corrupts("positions-are-dense")
def event_is_gone(house: House) -> None:
    stamp()
    house.sql(
        "DELETE FROM events_event WHERE position = (SELECT min(position) FROM events_event WHERE id NOT IN"
        " (SELECT max(id) FROM events_event GROUP BY application, referral))"
    )


@corrupts("positions-are-dense")
def head_runs_ahead(house: House) -> None:
    stamp()
    house.sql("UPDATE events_stream SET head = head + 3")


@corrupts("event-has-its-delivery")
def agency_system_misses_an_event(house: House) -> None:
    endpoint(house, since="2 minutes")
    house.sql("UPDATE delivery_endpoint SET after = (SELECT head FROM events_stream)")


@corrupts("delivery-is-tried", "event-has-its-delivery")
def nobody_sends(house: House) -> None:
    agency_system_misses_an_event(house)
    house.sql(
        "INSERT INTO delivery_delivery (id, endpoint_id, position, state, attempts, next_at, reason)"
        " SELECT gen_random_uuid(), id, 0, 'pending', 3, now() - interval '61 minutes', ''"
        " FROM delivery_endpoint"
    )


@corrupts("endpoint-keeps-up")
def nobody_looks_through_the_journal(house: House) -> None:
    endpoint(house, since="1 day")
    house.sql("UPDATE events_event SET at = at - interval '11 minutes'")


def endpoint(house: House, since: str) -> None:
    """An address of an agency that is told from before the first event."""
    stamp()
    house.sql(
        "INSERT INTO delivery_endpoint (id, agency_id, url, kinds, state, after, created_at, created_by_id)"
        " SELECT gen_random_uuid(), agency_id, 'https://agency.example/hook', '{}', 'active',"
        " (SELECT min(position) - 1 FROM events_event), now() - %s::interval, %s"
        " FROM agencies_referral WHERE id = %s",
        since,
        house.people.operator.pk,
        house.referral("fresh").pk,
    )


def stamp() -> None:
    reconcile.REPAIRS["event-is-stamped"](reconcile.Finding("event-is-stamped", "", ""))


def test_all_is_well(house: House, register: Any, people_at_work: Any) -> None:
    register("MED-EXAM", facts={"unclear": True})
    actions.withdraw(actor=people_at_work.operator, application=register().pk, text="Lazım deyil.")

    assert reconcile.run() == []


def test_every_invariant_has_its_corruption() -> None:
    assert set(CORRUPTIONS) == set(reconcile.INVARIANTS)


def test_every_invariant_says_what_holds() -> None:
    assert all(str(statement.__doc__).strip().endswith(".") for statement in reconcile.INVARIANTS.values())


@pytest.mark.parametrize(
    ("corruption", "found"),
    [pytest.param(*one, id=one[0].__name__) for several in CORRUPTIONS.values() for one in several],
)
def test_corruption_is_found_and_repaired_and_life_goes_on(
    house: House, corruption: Corruption, found: set[str]
) -> None:
    corruption(house)
    findings = reconcile.run()
    assert {it.check for it in findings} == found

    repaired = list(reconcile.repair())

    assert reconcile.FAILED not in {it.check for it in repaired}
    assert bool(repaired) == bool(found - reconcile.FOR_PEOPLE)
    assert broken() == found & reconcile.FOR_PEOPLE
    concerned = house.named_in({it.record for it in findings})
    house.live_on(concerned)
    assert {row.state for row in concerned} == {"closed"}
    assert broken() == found & reconcile.FOR_PEOPLE


def test_a_check_that_cannot_run_is_a_finding_and_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reconcile.INVARIANTS, "due-copy", lambda: "SELECT 1, nonsense")
    application_changed_in_silence(house)

    findings = {finding.check: finding for finding in reconcile.run()}

    assert set(findings) == {"due-copy", "application-event"}
    assert "could not run" in findings["due-copy"].detail
    assert findings["application-event"].record == str(house.fresh.pk)


@pytest.mark.parametrize("corruption", [list_shows_another_day, queue_shows_no_day])
def test_repair_copies_the_due_instant(house: House, corruption: Corruption) -> None:
    corruption(house)

    assert [finding.check for finding in reconcile.repair()] == ["due-copy"]

    assert broken() == set()


def test_repair_stops_the_clocks_when_their_records_ended(house: House) -> None:
    clock_runs_on(house)
    share_runs_on(house)

    assert {finding.check for finding in reconcile.repair()} == {"clock-stops"}

    assert broken() == set()
    assert (
        Clock.objects.get(application=house.closed, measure="resolution").stopped_at == house.closed.closed_at
    )
    answered = house.referral("answered")
    stopped = Clock.objects.filter(referral=answered).values_list("stopped_at", flat=True)
    assert set(stopped) == {answered.finished_at}


def test_repair_wakes_the_parent_that_nobody_woke(
    house: House, referrals: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.nodes.resume", lambda parent_task: None)
    for referral in referrals(house.fresh):
        answer(referral)
    monkeypatch.undo()
    assert broken() == {"parent-goes-on", "routed-is-worked-on"}

    assert [finding.check for finding in reconcile.repair()] == ["routed-is-worked-on"]

    assert broken() == set()
    assert house.fresh.state == "awaiting_confirmation"


def test_command_tells_machines_and_people(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reconcile", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told == {"checked": reconcile.checked(), "findings": []}

    list_shows_another_day(house)
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json")
    assert ended.value.code == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["check"], finding["record"]) == ("due-copy", str(house.fresh.pk))

    with pytest.raises(SystemExit):
        call_command("reconcile")
    assert "The due instant in lists" in capsys.readouterr().out

    call_command("reconcile", "--repair")
    assert "no findings" in capsys.readouterr().out


def test_the_audit_asks_each_question_once(house: House, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4 * len(reconcile.INVARIANTS)):  # savepoint, timeout, question, release
        reconcile.run()
