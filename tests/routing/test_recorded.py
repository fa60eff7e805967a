"""What was decided is written down with all it looked at, and cannot be bent by what a client sends."""

from __future__ import annotations

from typing import Any

import pytest

from routing.models import Decision

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
