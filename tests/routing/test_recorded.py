"""What was decided is written down with all it looked at, and cannot be bent by what a client sends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from routing.models import Decision
from workflows import actions

pytestmark = pytest.mark.django_db


def test_the_decision_keeps_facts_rules_and_trace(register: Any, person: Any) -> None:
    application = register(person=person(district="GA", categories=["veteran"]), facts={"amputee": True})

    row = Decision.objects.get(application=application)
    assert (row.source, row.ruleset_id, row.lead) == ("rules", 1, "MLSPP.DTSERA")
    assert row.facts["amputee"] is True
    assert (row.facts["subtopic"], row.facts["topic"]) == ("PRO-NEW", "PRO")
    assert (row.facts["district"], row.facts["categories"]) == ("GA", ["VET"])
    assert row.facts["channel"] == "phone"
    assert row.priority == application.priority == "P2"
    matched = [step["rule"] for step in row.trace if step["matched"]]
    assert matched == ["RAISE-AMPUTEE", "R-PRO-NEW"]


def test_facts_of_the_records_cannot_be_overwritten(register: Any) -> None:
    """The subject, the place and the level of identity come from the records, whatever the body says."""
    false = {"subtopic": "CMP-IDEA", "topic": "CMP", "district": "X", "verification": 3, "channel": "visit"}

    application = register(subtopic="PRO-NEW", facts=false)

    facts = Decision.objects.get(application=application).facts
    assert (facts["subtopic"], facts["topic"], facts["channel"]) == ("PRO-NEW", "PRO", "phone")
    assert (facts["district"], facts["verification"]) == ("TAR", 1)


def test_the_preview_says_what_the_registration_will_do_and_writes_nothing(
    api: Any, people_at_work: Any, person: Any
) -> None:
    desk, subject = api(people_at_work.operator), person()
    body = {"person": str(subject.pk), "subtopic": "PRO-REPAIR", "facts": {"consents": ["YASHAT"]}}

    preview = desk.post("routing/preview/", body).json()
    assert not Decision.objects.exists()
    made = desk.post("applications/", {**body, "text": "Protez."}).json()

    for name in ("lead", "joint", "policy", "priority", "ruleset"):
        assert preview[name] == made["decision"][name], name
    assert {part["unit"] for part in preview["parts"]} == {row["unit"] for row in made["referrals"]}
    assert preview["due"][:16] == made["due"][:16]


def test_the_preview_needs_no_person_yet(api: Any, people_at_work: Any) -> None:
    preview = api(people_at_work.operator).post("routing/preview/", {"subtopic": "PRO-REPAIR"})

    assert (preview.status_code, preview.json()["lead"]) == (200, "MLSPP.DTSERA")


def test_a_complaint_is_not_settled_by_the_body_complained_about(
    api: Any, people_at_work: Any, register: Any
) -> None:
    application = register(subtopic="CMP-STAFF", facts={"complained_about": "MOH"})
    assert application.state == "triage"
    desk = api(people_at_work.operator)

    def settle(**body: Any) -> Any:
        return desk.post(f"applications/{application.pk}/triage/", body)

    for body, field in (
        ({"lead": "MOH"}, "lead"),
        ({"lead": "MOH.SECT"}, "lead"),
        ({"lead": "TABIB", "joint": ["MOH"]}, "joint"),
    ):
        answer = settle(**body)
        assert (answer.status_code, answer.json()["code"]) == (400, "complained_about")
        assert list(answer.json()["errors"]) == [field]
    assert settle(lead="MLSPP").json()["state"] == "routed"


def test_what_waits_for_a_person_keeps_the_proposal_and_why_it_was_done_otherwise(
    api: Any, people_at_work: Any, register: Any
) -> None:
    application = register(subtopic="PRO-REPAIR", facts={"unclear": True})
    row = Decision.objects.get(application=application)
    assert (row.lead, row.proposal) == ("", {"lead": "MLSPP.DTSERA", "joint": ["YASHAT"]})

    body = {"lead": "TABIB", "text": "Vətəndaş müalicəni orada alır."}
    answer = api(people_at_work.operator).post(f"applications/{application.pk}/triage/", body)

    assert answer.json()["state"] == "routed"
    newest = Decision.objects.filter(application=application).first()
    assert newest is not None
    assert (newest.source, newest.lead, newest.note) == ("triage", "TABIB", body["text"])


def test_facts_of_the_records_are_read_at_the_moment_of_deciding(register: Any, person: Any) -> None:
    veteran = person(birth_date=date(2010, 5, 1), categories=["VET"], district="GA")
    first = register(person=veteran, subtopic="PRO-NEW")
    second = register(person=veteran, subtopic="PRO-NEW")

    before, after = (Decision.objects.get(application=it) for it in (first, second))
    assert (before.facts["duplicate"], after.facts["duplicate"]) == (False, True)
    assert (before.notices, after.notices) == ([], ["duplicate"])
    assert after.facts["age"] in (16, 17)
    assert (after.facts["region"], after.facts["urgency"], after.facts["deceased"]) == ("ER05", "P3", False)
    assert "RAISE-MINOR" in {step["rule"] for step in after.trace if step["matched"]}


def test_a_death_that_was_told_and_three_answers_are_pointed_out(
    register: Any, person: Any, people_at_work: Any
) -> None:
    from intake import services as intake

    veteran = person()
    for _ in range(3):
        answered = register(person=veteran, subtopic="INS-STATUS")
        actions.complete(
            actor=people_at_work.samhi,
            referral=answered.referrals.get().pk,
            outcome="explained",
            text="Cavab.",
        )
    contact = intake.start_contact(operator_id=people_at_work.operator.pk, concerning=veteran)
    intake.finalise_contact(contact=contact.pk, disposition="person_deceased")

    application = register(person=veteran, subtopic="INS-STATUS")

    assert Decision.objects.get(application=application).notices == ["deceased", "duplicate", "repeated"]
    assert application.state == "routed"


def test_an_answer_no_rule_could_read_is_refused_and_nothing_is_registered(
    api: Any, people_at_work: Any, person: Any
) -> None:
    desk, citizen = api(people_at_work.operator), person()
    for facts in ({"amputee": "yes"}, {"disability_degree": "9"}, {"medicine_days_left": "2"}):
        body = {"person": str(citizen.pk), "subtopic": "PRO-NEW", "text": "Protez.", "facts": facts}
        answer = desk.post("applications/", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "wrong_answer"), facts
    assert not Decision.objects.exists()


def test_the_preview_hints_and_the_reasons_are_told_in_sentences(
    api: Any, people_at_work: Any, register: Any
) -> None:
    desk = api(people_at_work.operator)
    preview = desk.post("routing/preview/", {"subtopic": "PRO-NEW"}).json()
    hint = next(it for it in preview["hints"] if it["fact"] == "amputee")
    assert (hint["values"], hint["priority"], hint["adds"]) == ([True], "P2", [])
    assert preview["documents"] == ["ID", "DISR", "IRP"]
    assert preview["consents"] == ["YASHAT"]

    application = register(subtopic="PRO-NEW")
    (why,) = desk.get(f"applications/{application.pk}/why/").json()
    assert any(sentence.startswith("R-PRO-NEW") for sentence in why["sentences"])
    assert {near["rule"] for near in why["nearest"]} <= {"R-PRO-REPAIR", "R-PRO-WHEEL", "R-PRO-SENSE"}
    (withheld,) = api(people_at_work.yashat).get(f"applications/{application.pk}/why/").json()
    assert (withheld["facts"], withheld["sentences"], withheld["nearest"]) == (None, [], [])
