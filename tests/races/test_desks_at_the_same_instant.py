"""Several desks do the same thing at once: one does it, the others are told, nobody sees an error."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from agencies.models import Referral
from feedback.models import Confirmation
from people.models import Person
from tests.races.test_at_the_same_instant import at_once
from workflows.reconcile import run as reconcile

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def statuses(answers: list[Any]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


def test_twenty_desks_register_the_same_citizen(people_at_work: Any, api: Any) -> None:
    desks = [api(people_at_work.operator if n % 2 else people_at_work.operator2) for n in range(20)]
    body = {"family_name": "Nümunəvi", "given_name": "Orxan", "fin": "5ABC12D", "phones": ["0501234567"]}

    answers = at_once([lambda desk=desk: desk.post("people/", body) for desk in desks])

    assert statuses(answers) == {201: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"fin_taken"}
    assert Person.objects.get().phones.count() == 1


def test_twenty_desks_correct_the_same_record(people_at_work: Any, api: Any, person: Any) -> None:
    subject = person()
    desks = [api(people_at_work.operator) for _n in range(20)]

    answers = at_once(
        [
            lambda desk=desk, n=n: desk.patch(
                f"people/{subject.pk}/", {"version": 1, "address": f"Küçə {n}", "phones": [f"05012345{n:02}"]}
            )
            for n, desk in enumerate(desks)
        ]
    )

    assert statuses(answers) == {200: 1, 409: 19}
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    subject.refresh_from_db()
    assert (subject.address, subject.version) == (won["address"], 2)
    assert list(subject.phones.values_list("number", flat=True)) == won["phones"]


def test_a_repeated_call_for_the_next_one_holds_one_referral(
    people_at_work: Any, api: Any, register: Any
) -> None:
    for _n in range(3):
        register(subtopic="INS-STATUS")
    desks = [api(people_at_work.samhi) for _n in range(10)]

    answers = at_once(
        [
            lambda desk=desk: desk.post("queues/SAMHI/next/", {}, HTTP_IDEMPOTENCY_KEY="impatient")
            for desk in desks
        ]
    )

    assert statuses(answers) == {200: 10}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Referral.objects.filter(assignee=people_at_work.samhi).count() == 1


def test_two_desks_reach_the_citizen_and_hear_different_things(
    people_at_work: Any, api: Any, register: Any
) -> None:
    for _round in range(5):
        application = register(subtopic="INS-STATUS")
        referral = application.referrals.get()
        done = {"outcome": "explained", "text": "Aktivdir."}
        api(people_at_work.samhi).post(f"referrals/{referral.pk}/complete/", done)
        one, other = api(people_at_work.operator), api(people_at_work.operator2)

        answers = at_once(
            [
                lambda desk=one, key=application.pk: desk.post(f"applications/{key}/confirm/", {}),
                lambda desk=other, key=application.pk: desk.post(
                    f"applications/{key}/dispute/", {"text": "Yox."}
                ),
            ]
        )

        assert statuses(answers) == {200: 1, 409: 1}
        application.refresh_from_db()
        verdict = Confirmation.objects.get(application=application).verdict
        assert (application.state, verdict) in {("closed", "confirmed"), ("routed", "disputed")}
    assert reconcile() == []


def test_fifty_registrations_at_once_get_fifty_numbers(people_at_work: Any, api: Any, person: Any) -> None:
    body = {"person": str(person().pk), "subtopic": "PRO-REPAIR", "text": "Protez."}
    desks = [api(people_at_work.operator) for _n in range(50)]

    answers = at_once([lambda desk=desk: desk.post("applications/", body) for desk in desks])

    assert statuses(answers) == {201: 50}
    assert len({answer.json()["number"] for answer in answers}) == 50
    assert Referral.objects.count() == 100
