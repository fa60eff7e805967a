"""The process told as stories: who is asked, who answers, what happens when somebody does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from viewflow.workflow.models import Process, Task

from access.models import User
from agencies.models import Referral
from events.errors import Conflict
from events.models import Event
from intake.models import Application, Subtopic
from sla.models import Clock
from workflows import actions, diagrams, queue, reconcile
from workflows.flows import ApplicationFlow, ReferralFlow

pytestmark = pytest.mark.django_db

BUDGETS = {"register": 45, "claim": 6, "complete": 25}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Any:
    """After every story all records agree, and the engine holds no facts."""
    yield
    assert reconcile.run() == []
    assert not Task.objects.exclude(data={}).exists()
    assert not Process.objects.exclude(data={}).exists()


def fresh(application: Application) -> Application:
    return Application.objects.get(pk=application.pk)


def where(application: Application) -> dict[str, str]:
    """Where the application's process stands, in words of the drawing."""
    row = Application.objects.select_related("process").get(pk=application.pk)
    return diagrams._states(ApplicationFlow, row.process)


# --- the plain way ------------------------------------------------------------------------------------


def test_two_agencies_answer_and_the_citizen_confirms(
    register: Any, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")
    lead, joint = referrals(application)
    assert (lead.unit_id, joint.unit_id) == ("TABIB", "SAMHI")
    assert application.state == "routed"

    answer(joint)
    assert fresh(application).state == "routed"
    answer(lead)
    assert fresh(application).state == "awaiting_confirmation"
    assert list(queue.confirmations()) == [application]

    actions.confirm(actor=people_at_work.operator, application=application.pk, text="Təsdiq etdi.")
    closed = fresh(application)
    assert closed.state == "closed"
    assert Process.objects.get(pk=closed.process_id).status == "DONE"
    assert not Clock.objects.filter(application=application, stopped_at=None).exists()


def test_the_lead_may_answer_before_the_others(register: Any, referrals: Any, answer: Any) -> None:
    application = register("MED-EXAM")
    lead, joint = referrals(application)

    answer(lead)
    assert fresh(application).state == "routed"
    answer(joint)
    assert fresh(application).state == "awaiting_confirmation"


def test_what_happened_is_told_in_order(
    register: Any, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("INS-STATUS")
    (referral,) = referrals(application)
    answer(referral)
    actions.confirm(actor=people_at_work.operator, application=application.pk)

    told = Event.objects.filter(application=application.pk).order_by("pk").values_list("kind", flat=True)
    assert list(told) == [
        "application.registered",
        "application.routed",
        "referral.requested",
        "referral.claimed",
        "referral.accepted",
        "referral.started",
        "referral.completed",
        "application.answered",
        "application.confirmed",
    ]


def test_unclear_applications_wait_for_a_person(register: Any, referrals: Any, people_at_work: Any) -> None:
    application = register("MED-EXAM", facts={"unclear": True})
    assert (application.state, referrals(application)) == ("triage", [])
    assert list(queue.triage_applications()) == [application]

    actions.triage(
        actor=people_at_work.operator, application=application.pk, lead="SAMHI", joint=["TABIB"], policy="all"
    )

    assert fresh(application).state == "routed"
    assert [referral.unit_id for referral in referrals(application)] == ["SAMHI", "TABIB"]
    assert Clock.objects.filter(application=application, measure="resolution").count() == 1


# --- not theirs -----------------------------------------------------------------------------------------


def test_returned_referral_finds_another_unit(
    register: Any, referrals: Any, answer: Any, give_back: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")
    lead, joint = referrals(application)
    give_back(joint)
    answer(lead)
    assert fresh(application).state == "routed", "the returned part is still open"
    assert list(queue.returned()) == [joint]

    actions.triage(
        actor=people_at_work.operator, application=application.pk, lead="YASHAT", referral=joint.pk
    )

    (replacement,) = referrals(application)
    assert (replacement.unit_id, replacement.replaces_id) == ("YASHAT", joint.pk)
    assert replacement.due_at == application.due_at, "the promise stays"
    answer(replacement)
    assert fresh(application).state == "awaiting_confirmation"


def test_lead_that_returns_it_puts_the_application_to_triage(
    register: Any, referrals: Any, give_back: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")
    lead, joint = referrals(application)
    give_back(lead)
    assert fresh(application).state == "triage"

    actions.triage(
        actor=people_at_work.supervisor, application=application.pk, lead="MOH.SECT", referral=lead.pk
    )
    assert fresh(application).state == "routed"
    replacement = Referral.objects.get(replaces=lead)
    assert replacement.is_lead
    answer(joint)
    answer(replacement)
    assert fresh(application).state == "awaiting_confirmation"


def test_triage_of_one_of_several_has_to_name_it(
    register: Any, referrals: Any, give_back: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")
    for referral in referrals(application):
        give_back(referral)

    with pytest.raises(Exception, match="which"):
        actions.triage(actor=people_at_work.operator, application=application.pk, lead="YASHAT")


def test_replacement_may_be_returned_again(
    register: Any, referrals: Any, give_back: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("INS-STATUS")
    for unit in ("TABIB", "YASHAT"):
        (referral,) = referrals(application)
        give_back(referral)
        actions.triage(actor=people_at_work.operator, application=application.pk, lead=unit)
    (last,) = referrals(application)

    answer(last)

    assert last.unit_id == "YASHAT"
    assert fresh(application).state == "awaiting_confirmation"


def test_reasoned_refusal_is_an_answer(register: Any, referrals: Any, give_back: Any) -> None:
    application = register("INS-STATUS")
    (referral,) = referrals(application)

    give_back(referral, "not_eligible")

    assert fresh(application).state == "awaiting_confirmation"


def test_without_the_last_referral_the_application_goes_to_triage(
    register: Any, referrals: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")

    for referral in referrals(application):
        actions.cancel(actor=people_at_work.supervisor, referral=referral.pk, reason="wrong_unit")

    assert fresh(application).state == "triage"
    assert list(queue.triage_applications()) == [application]
    actions.triage(actor=people_at_work.operator, application=application.pk, lead="YASHAT")
    assert [referral.unit_id for referral in referrals(application)] == ["YASHAT"]


def test_failure_for_want_of_the_thing_looks_for_another_unit(
    register: Any, referrals: Any, worker: Any
) -> None:
    application = register("PRO-REPAIR")
    lead = referrals(application)[0]

    actions.fail(actor=worker(lead), referral=lead.pk, reason="not_available")

    assert fresh(application).state == "triage"
    assert list(queue.returned()) == [lead]


def test_other_failures_are_told_to_the_citizen(
    register: Any, referrals: Any, answer: Any, worker: Any
) -> None:
    application = register("PRO-REPAIR")
    lead, joint = referrals(application)

    actions.fail(actor=worker(lead), referral=lead.pk, reason="no_show")
    answer(joint)

    assert fresh(application).state == "awaiting_confirmation"


# --- not satisfied --------------------------------------------------------------------------------------


@pytest.fixture
def answered(register: Any, referrals: Any, answer: Any) -> Application:
    """Two agencies have answered; the citizen has not been called yet."""
    application: Application = register("MED-EXAM")
    for referral in referrals(application):
        answer(referral)
    return application


def test_disputed_answer_is_asked_for_again(
    answered: Application, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    joint = Referral.objects.get(application=answered, is_lead=False)

    actions.dispute(
        actor=people_at_work.operator, application=answered.pk, referral=joint.pk, text="Verilməyib."
    )

    (replacement,) = referrals(answered)
    assert (replacement.unit_id, replacement.replaces_id) == (joint.unit_id, joint.pk)
    assert replacement.due_at == answered.due_at
    assert fresh(answered).state == "routed"
    answer(replacement)
    assert fresh(answered).state == "awaiting_confirmation"
    actions.confirm(actor=people_at_work.operator, application=answered.pk)
    assert fresh(answered).state == "closed"


def test_unreached_citizen_stays_on_the_list(answered: Application, people_at_work: Any) -> None:
    actions.unreachable(actor=people_at_work.operator, application=answered.pk, text="Cavab vermir.")

    assert list(queue.confirmations()) == [answered]
    assert fresh(answered).version == answered.version + 2


def test_reopened_application_begins_a_new_round_with_a_new_promise(
    answered: Application, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    actions.confirm(actor=people_at_work.operator, application=answered.pk)
    first = fresh(answered)

    actions.reopen(actor=people_at_work.operator, application=answered.pk, text="Ağrı qayıdıb.")

    second = fresh(answered)
    assert (second.state, second.closed_at) == ("routed", None)
    assert second.process_id != first.process_id
    assert Process.objects.get(pk=first.process_id).status == "DONE"
    assert Clock.objects.filter(application=answered, measure="resolution").count() == 2
    (again,) = referrals(answered)
    assert again.is_lead
    answer(again)
    actions.confirm(actor=people_at_work.operator, application=answered.pk)
    assert fresh(answered).state == "closed"


# --- called off -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "state"), [("withdraw", "withdrawn"), ("annul", "entered_in_error")])
def test_called_off_application_leaves_nothing_on_any_desk(
    register: Any, referrals: Any, worker: Any, people_at_work: Any, verb: str, state: str
) -> None:
    application = register("MED-EXAM")
    held, _ = referrals(application)
    actions.claim(actor=worker(held), referral=held.pk)

    getattr(actions, verb)(actor=people_at_work.supervisor, application=application.pk, text="Lazım deyil.")

    assert fresh(application).state == state
    assert {row.state for row in Referral.objects.filter(application=application)} == {"cancelled"}
    assert not Process.objects.filter(finished=None).exists()
    assert not Task.objects.filter(status__in=["NEW", "ASSIGNED", "STARTED"]).exists()


def test_returned_referral_does_not_outlive_its_withdrawn_application(
    register: Any, referrals: Any, give_back: Any, people_at_work: Any
) -> None:
    application = register("MED-EXAM")
    give_back(referrals(application)[1])

    actions.withdraw(actor=people_at_work.operator, application=application.pk, text="Fikrini dəyişib.")

    assert not queue.returned().exists()


# --- join policies --------------------------------------------------------------------------------------


@pytest.fixture
def with_policy(register: Any, people_at_work: Any) -> Callable[[str], Application]:
    """An application triaged to TABIB (lead), SAMHI and YASHAT under a policy."""

    def make(policy: str) -> Application:
        application: Application = register("MED-EXAM", facts={"unclear": True})
        actions.triage(
            actor=people_at_work.operator,
            application=application.pk,
            lead="TABIB",
            joint=["SAMHI", "YASHAT"],
            policy=policy,
        )
        return fresh(application)

    return make


def test_policy_lead_calls_the_others_back(with_policy: Any, referrals: Any, answer: Any) -> None:
    application = with_policy("lead")
    lead, samhi, yashat = referrals(application)
    answer(samhi)
    assert fresh(application).state == "routed"

    answer(lead)

    assert fresh(application).state == "awaiting_confirmation"
    yashat.refresh_from_db()
    assert (yashat.state, yashat.reason_id) == ("cancelled", "policy_met")
    assert yashat.process is not None
    assert yashat.process.status == "CANCELED"


def test_policy_any_takes_the_first_answer(with_policy: Any, referrals: Any, answer: Any) -> None:
    application = with_policy("any")
    lead, _, yashat = referrals(application)

    answer(yashat)

    assert fresh(application).state == "awaiting_confirmation"
    states = {row.unit_id: row.state for row in Referral.objects.filter(application=application)}
    assert states == {"TABIB": "cancelled", "SAMHI": "cancelled", "YASHAT": "completed"}
    with pytest.raises(Conflict):
        answer(lead)


def test_policy_any_waits_while_others_only_return_it(
    with_policy: Any, referrals: Any, answer: Any, give_back: Any
) -> None:
    application = with_policy("any")
    lead, samhi, _ = referrals(application)
    give_back(samhi, "not_eligible")
    assert fresh(application).state == "routed"

    answer(lead)

    assert fresh(application).state == "awaiting_confirmation"


def test_policy_lead_takes_the_reasoned_refusal_of_the_lead_for_an_answer(
    with_policy: Any, referrals: Any, give_back: Any
) -> None:
    application = with_policy("lead")
    lead, _samhi, _yashat = referrals(application)

    give_back(lead, "not_eligible")

    assert fresh(application).state == "awaiting_confirmation"
    assert not referrals(application)


def test_policy_any_is_met_while_triage_looks_for_another_lead(
    with_policy: Any, referrals: Any, answer: Any, give_back: Any
) -> None:
    application = with_policy("any")
    lead, samhi, _yashat = referrals(application)
    give_back(lead)
    assert fresh(application).state == "triage"

    answer(samhi)

    assert fresh(application).state == "awaiting_confirmation"
    assert not referrals(application)
    assert not queue.returned_of(application.pk).exists()
    forwarding = Clock.objects.filter(application=application, measure="legal_forward", stopped_at=None)
    assert not forwarding.exists()


def test_a_part_finds_another_unit_after_the_lead_was_cancelled(
    with_policy: Any, referrals: Any, answer: Any, give_back: Any, people_at_work: Any
) -> None:
    application = with_policy("all")
    lead, samhi, yashat = referrals(application)
    actions.cancel(actor=people_at_work.supervisor, referral=lead.pk, reason="wrong_unit")
    give_back(samhi)

    actions.triage(actor=people_at_work.operator, application=application.pk, lead="MLSPP", referral=samhi.pk)

    assert {row.unit_id for row in referrals(application)} == {"MLSPP", "YASHAT"}
    answer(referrals(application)[0])
    answer(yashat)
    assert fresh(application).state == "awaiting_confirmation"


def test_crisis_ends_with_the_answer_of_the_lead(register: Any, referrals: Any, answer: Any) -> None:
    application = register("PSY-CRISIS")
    lead, *others = referrals(application)

    answer(lead)

    assert application.policy == "lead"
    assert fresh(application).state == "awaiting_confirmation"
    assert {row.state for row in Referral.objects.filter(pk__in=[other.pk for other in others])} == {
        "cancelled"
    }


# --- where it stands ------------------------------------------------------------------------------------


def test_drawing_shows_where_the_application_stands(
    register: Any, referrals: Any, answer: Any, people_at_work: Any
) -> None:
    application = register("INS-STATUS")
    assert [name for name, state in where(application).items() if state == "now"] == ["refer"]
    assert where(application)["confirm"] == "later"
    assert where(application)["reopen"] == "past"

    answer(referrals(application)[0])
    assert where(application)["refer"] == "done"
    assert where(application)["confirm"] == "now"

    actions.dispute(actor=people_at_work.operator, application=application.pk, referral=None, text="Yox.")
    assert where(application)["refer"] == "now"
    assert where(application)["confirm"] == "later", "what lay after the step gone back to is to come again"


def test_drawing_of_one_process_says_it_in_words(
    register: Any, django_assert_num_queries: Any, people_at_work: Any
) -> None:
    process = fresh(register("INS-STATUS")).process

    with translation.override("en"), django_assert_num_queries(1):
        picture = diagrams.svg(ApplicationFlow, process)

    assert "✓ done" in picture
    assert "Agencies work: now" in picture
    assert 'class="now"' in picture
    assert "style" not in picture


def test_drawing_of_a_withdrawn_application(register: Any, people_at_work: Any) -> None:
    application = register("INS-STATUS")
    actions.withdraw(actor=people_at_work.operator, application=application.pk, text="Lazım deyil.")

    assert where(application)["refer"] == "cancelled"
    assert where(application)["end"] == "past"


# --- budgets --------------------------------------------------------------------------------------------


class Statements:
    """Counts the statements of a block; beginning and ending a transaction are not counted."""

    def __enter__(self) -> Statements:
        self._queries = CaptureQueriesContext(connection)
        self._queries.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._queries.__exit__(*exc)
        # A test runs inside a transaction, where the command's own one is its outermost savepoint.
        ends = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
        texts = [query["sql"] for query in self._queries.captured_queries]
        outer = 1 if texts and texts[0].startswith("SAVEPOINT") else 0
        self.texts = [text for text in texts[outer : len(texts) - outer] if text not in ends]

    @property
    def count(self) -> int:
        return len(self.texts)


def again(user: User) -> User:
    """The user as a new request reads it: with nothing remembered."""
    return User.objects.get(pk=user.pk)


def test_statements_of_registering_and_routing_to_two(
    register: Any, people_at_work: Any, person: Any
) -> None:
    register("MED-EXAM")  # the caches are warm, as in a running process
    who, subject = again(people_at_work.operator), person()
    subtopic = Subtopic.objects.select_related("topic").get(pk="MED-EXAM")

    with Statements() as counted:
        application = actions.register(
            actor=who, person=subject, contact=None, subtopic=subtopic, text="Müayinə lazımdır."
        )

    assert Referral.objects.filter(application=application).count() == 2
    assert counted.count <= BUDGETS["register"], "\n".join(counted.texts)


def test_statements_of_claiming_and_completing(register: Any, referrals: Any, worker: Any) -> None:
    application = register("MED-EXAM")
    used: dict[str, list[int]] = {"claim": [], "complete": []}
    for referral in referrals(application):
        claimer, same = again(worker(referral)), again(worker(referral))
        with Statements() as claimed:
            actions.claim(actor=claimer, referral=referral.pk)
        with Statements() as completed:
            actions.complete(actor=same, referral=referral.pk, outcome="provided", text="Oldu.")
        used["claim"].append(claimed.count)
        used["complete"].append(completed.count)

    assert fresh(application).state == "awaiting_confirmation"
    assert max(used["claim"]) <= BUDGETS["claim"], used
    assert max(used["complete"]) <= BUDGETS["complete"], used


def test_nodes_of_the_referral_belong_to_its_unit(register: Any, referrals: Any) -> None:
    application = register("MED-EXAM")

    for referral in referrals(application):
        task = Task.objects.get(process=referral.process_id, flow_task=ReferralFlow.work)
        assert (task.owner_permission, task.status) == (f"queue:{referral.unit_id}", "NEW")
