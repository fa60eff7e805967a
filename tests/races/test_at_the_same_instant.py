"""Many people at the same instant, each on a database connection of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from agencies.models import Referral, Unit
from events.errors import Refusal
from intake.models import Application
from workflows import actions
from workflows.reconcile import run as reconcile

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run the jobs in threads that start together; a refusal is a result, anything else fails the test."""
    barrier = Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(place: int, job: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[place] = job()
        except Refusal as refusal:
            results[place] = refusal
        except Exception as failure:
            results[place] = failure
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    unexpected = [it for it in results if isinstance(it, Exception) and not isinstance(it, Refusal)]
    assert not unexpected, unexpected
    return results


def test_fifty_claim_one_referral_and_one_gets_it(register: Any, people_at_work: Any, api: Any) -> None:
    referral = register(subtopic="INS-STATUS").referrals.get()
    clients = [api(people_at_work.samhi if n % 2 else people_at_work.samhi2) for n in range(50)]

    answers = at_once([lambda c=c: c.post(f"referrals/{referral.pk}/claim/", {}) for c in clients])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    told = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["code"] for body in told} == {"taken"}
    assert all(body["assignee"] for body in told)
    referral.refresh_from_db()
    assert referral.version == 2


def test_the_last_two_answers_in_the_same_instant(register: Any, people_at_work: Any) -> None:
    for _round in range(20):
        application = register(subtopic="PRO-REPAIR")
        parts = {row.unit_id: row.pk for row in application.referrals.all()}
        answer = partial(actions.complete, outcome="provided", text="Görüldü.")

        at_once(
            [
                partial(answer, actor=people_at_work.mlspp, referral=parts["MLSPP.DTSERA"]),
                partial(answer, actor=people_at_work.yashat, referral=parts["YASHAT"]),
            ]
        )

        application.refresh_from_db()
        assert application.state == "awaiting_confirmation"
        waiting = Task.objects.filter(process=application.process, status__in=[STATUS.NEW, STATUS.ASSIGNED])
        assert waiting.count() == 1


def test_the_same_key_fifty_times_registers_once(people_at_work: Any, api: Any, person: Any) -> None:
    body = {"person": str(person().pk), "subtopic": "INS-STATUS", "text": "Status lazımdır."}
    client = api(people_at_work.operator)

    answers = at_once(
        [
            lambda: api(None).post(
                "applications/",
                body,
                HTTP_IDEMPOTENCY_KEY="one-and-the-same",
                HTTP_AUTHORIZATION=client._credentials["HTTP_AUTHORIZATION"],
            )
            for _n in range(50)
        ]
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Application.objects.count() == 1


def test_twenty_workers_take_next_and_get_twenty_different_ones(register: Any, people_at_work: Any) -> None:
    for _n in range(20):
        register(subtopic="INS-STATUS")
    unit = Unit.objects.get(pk="SAMHI")

    taken = at_once([lambda: actions.take_next(actor=people_at_work.samhi, unit=unit) for _n in range(20)])

    assert len({referral.pk for referral in taken}) == 20


def test_an_answer_a_cancellation_and_a_withdrawal_cross(register: Any, people_at_work: Any) -> None:
    for _round in range(5):
        application = register(subtopic="PRO-REPAIR")
        lead, joint = (application.referrals.get(unit=unit).pk for unit in ("MLSPP.DTSERA", "YASHAT"))

        at_once(
            [
                partial(
                    actions.complete,
                    actor=people_at_work.mlspp,
                    referral=lead,
                    outcome="provided",
                    text="Oldu.",
                ),
                partial(actions.cancel, actor=people_at_work.supervisor, referral=joint, reason="wrong_unit"),
                partial(
                    actions.withdraw,
                    actor=people_at_work.operator,
                    application=application.pk,
                    text="Geri götürdü.",
                ),
            ]
        )

        application.refresh_from_db()
        assert application.state == "withdrawn"
        assert not Referral.objects.filter(application=application).open().exists()
    assert reconcile() == []


def test_two_settle_one_triage_and_one_is_told(register: Any, people_at_work: Any) -> None:
    application = register(subtopic="INS-STATUS", facts={"unclear": True})
    assert application.state == "triage"

    results = at_once(
        [
            lambda who=who, lead=lead: actions.triage(actor=who, application=application.pk, lead=lead)
            for who, lead in ((people_at_work.operator, "SAMHI"), (people_at_work.operator2, "TABIB"))
        ]
    )

    refused = [result for result in results if isinstance(result, Refusal)]
    assert [refusal.code for refusal in refused] == ["illegal_move"]
    assert application.referrals.count() == 1
