"""What a person has to route keeps the urgency and the promise of its subject."""

from __future__ import annotations

from typing import Any

import pytest

from intake.models import Application

pytestmark = pytest.mark.django_db


def test_an_unclear_crisis_stays_a_crisis(register: Any) -> None:
    application = register(subtopic="PSY-CRISIS", facts={"unclear": True})

    assert application.state == "triage"
    assert application.priority == "P0"
    assert (application.due_at - application.registered_at).total_seconds() == 24 * 3600


def test_a_unit_at_work_is_not_asked_twice(register: Any, people_at_work: Any, api: Any) -> None:
    application = register(subtopic="PRO-REPAIR")
    api(people_at_work.mlspp).post(
        f"referrals/{application.referrals.get(unit='MLSPP.DTSERA').pk}/reject/", {"reason": "not_ours"}
    )

    answer = api(people_at_work.operator).post(f"applications/{application.pk}/triage/", {"lead": "YASHAT"})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_asked")
    application.refresh_from_db()
    assert application.state == "triage"


def test_a_consent_to_nobody_is_refused(people_at_work: Any, api: Any, person: Any) -> None:
    body = {
        "person": str(person().pk),
        "subtopic": "PRO-REPAIR",
        "text": "Protez.",
        "facts": {"consents": ["NOPE"]},
    }

    answer = api(people_at_work.operator).post("applications/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_unit")
    assert not Application.objects.exists()
